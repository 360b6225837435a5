import Synchronization

/// Whose turn it is to use one of a bounded number of connections, in the order in which callers asked.
///
/// The HTTP client has a queue too, but to leave it before one's turn costs as much as it is long: thousands of calls that time out there
/// stop all that shares its lock.
final class ConnectionTurns: Sendable {
    /// So many wait already.
    struct LineIsFull: Error {}

    private struct State {
        var free: Int
        var waiting: [Int: CheckedContinuation<Void, any Error>] = [:]
        /// The numbers of the next one to get a turn, and of the next one to wait; those who went away have left a gap.
        var first = 0
        var next = 0
    }

    private let longest: Int
    private let state: Mutex<State>

    /// - Parameters:
    ///   - connections: how many have a turn at once.
    ///   - longest: how many wait.
    init(connections: Int, longest: Int) {
        self.longest = longest
        state = Mutex(State(free: connections))
    }

    /// Waits for a turn and keeps it while `body` runs.
    /// - Throws: ``LineIsFull``, `CancellationError`, and what `body` throws.
    func withTurn<Value>(_ body: () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        // Where in the line the caller is, once it is there.
        let place = Atomic(-1)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let early: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.free > 0 {
                        state.free -= 1
                        return .success(())
                    }
                    guard state.waiting.count < longest else { return .failure(LineIsFull()) }
                    state.waiting[state.next] = continuation
                    place.store(state.next, ordering: .relaxed)
                    state.next += 1
                    return nil
                }
                if let early { continuation.resume(with: early) }
            }
        } onCancel: {
            let waiting = state.withLock { $0.waiting.removeValue(forKey: place.load(ordering: .relaxed)) }
            waiting?.resume(throwing: CancellationError())
        }
    }

    private func leave() {
        let next: CheckedContinuation<Void, any Error>? = state.withLock { state in
            while state.first < state.next {
                defer { state.first += 1 }
                if let next = state.waiting.removeValue(forKey: state.first) { return next }
            }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
