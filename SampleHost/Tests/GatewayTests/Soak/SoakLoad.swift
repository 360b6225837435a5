import Foundation
import Gateway
import Synchronization

/// Requests from several connections at a constant rate, and what became of them.
final class SoakLoad: Sendable {
    static let connections = 6
    private static let interval = Duration.milliseconds(10)

    /// What became of the requests.
    struct Tally: Sendable {
        var requests = 0
        var failures: [String] = []
        /// Which builds answered: the filter's name and the build.
        var builds: Set<String> = []
        var latencies: [Duration] = []

        /// The latency that a share of the requests did not exceed.
        func latency(_ share: Double) -> Duration {
            let sorted = latencies.sorted()
            return sorted.isEmpty ? .zero : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
        }
    }

    private struct State {
        var isEnding = false
        var forbidden: Set<String> = []
        var tally = Tally()
    }

    private let address: ListenAddress
    private let filters: [String]
    private let state = Mutex(State())

    /// - Parameter filters: each response must have a header `x-` and the name of each.
    init(on address: ListenAddress, through filters: [String]) {
        self.address = address
        self.filters = filters
    }

    /// From now on, no request may be served by this build of a filter that has not begun yet.
    func forbid(_ build: String, of filter: String) { _ = state.withLock { $0.forbidden.insert("\(filter) \(build)") } }

    /// Lets the requests end that are on their way.
    func end() { state.withLock { $0.isEnding = true } }

    /// Sends requests until ``end()``.
    func run() async -> Tally {
        await withTaskGroup(of: Void.self) { group in
            for connection in 1...Self.connections { group.addTask { await self.connect(connection) } }
        }
        return state.withLock { $0.tally }
    }

    private func connect(_ connection: Int) async {
        var next = ContinuousClock.now
        var number = 0
        while let forbidden = state.withLock({ $0.isEnding ? nil : $0.forbidden }) {
            number += 1
            let began = ContinuousClock.now
            let (failure, builds) = await send("/\(connection)/\(number)", without: forbidden)
            let latency = ContinuousClock.now - began
            state.withLock { state in
                state.tally.requests += 1
                state.tally.latencies.append(latency)
                state.tally.builds.formUnion(builds)
                if let failure, state.tally.failures.count < 100 { state.tally.failures.append(failure) }
            }
            next = max(next + Self.interval, .now)
            // Paces the load; nothing is waited for by it.
            try? await Task.sleep(until: next, clock: .continuous)
        }
    }

    private func send(_ target: String, without forbidden: Set<String>) async -> (failure: String?, builds: [String]) {
        let body = String(repeating: target, count: 100)
        do {
            let answer = try await RunningGateway.send(
                "POST", "http://\(address)\(target)", headers: [("x-user", "\(Int.random(in: 1...1000))")], body: body)
            let builds = filters.compactMap { filter in answer.headers["x-\(filter)"].map { "\(filter) \($0)" } }
            if answer.status != 200 { return ("\(target): \(answer.status) \(answer.body.prefix(200))", builds) }
            if builds.count < filters.count { return ("\(target): answered without \(filters): \(builds)", builds) }
            if !answer.body.hasPrefix("POST \(target)\n") || !answer.body.hasSuffix(body) {
                return ("\(target): the upstream did not get what was sent", builds)
            }
            if let build = builds.first(where: forbidden.contains) {
                return ("\(target): served by \(build), which was quarantined before", builds)
            }
            return (nil, builds)
        } catch {
            return ("\(target): \(error)", [])
        }
    }
}
