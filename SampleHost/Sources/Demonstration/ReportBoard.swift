import Gateway
import Synchronization

/// Brings together a request that was sent and what the host accounted for it, by the request's identifier.
final class ReportBoard: Sendable {
    private struct State {
        var posted: [String: RequestReport] = [:]
        var waiting: [String: CheckedContinuation<RequestReport, Never>] = [:]
        var wanted: Set<String> = []
    }

    private let state = Mutex(State())

    /// Call before the request is sent.
    func expect(_ id: String) { state.withLock { _ = $0.wanted.insert(id) } }

    func post(_ report: RequestReport) {
        guard let id = report.requestID else { return }
        let waiting: CheckedContinuation<RequestReport, Never>? = state.withLock { state in
            guard state.wanted.contains(id) else { return nil }
            if let waiting = state.waiting.removeValue(forKey: id) { return waiting }
            state.posted[id] = report
            return nil
        }
        waiting?.resume(returning: report)
    }

    /// The report of an expected request, once it is there.
    func report(_ id: String) async -> RequestReport {
        await withCheckedContinuation { continuation in
            let posted: RequestReport? = state.withLock { state in
                if let report = state.posted.removeValue(forKey: id) { return report }
                state.waiting[id] = continuation
                return nil
            }
            if let posted { continuation.resume(returning: posted) }
        }
    }
}
