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
        /// The numbers of those who wait, in their order, and of some who went away.
        var line: ArraySlice<Int> = []
        var lastNumber = 0

        mutating func append(_ continuation: CheckedContinuation<Void, any Error>) -> Int {
            lastNumber += 1
            waiting[lastNumber] = continuation
            line.append(lastNumber)
            return lastNumber
        }

        /// Forgets those who went away before they are more than those who wait: a filter makes calls and lets their time pass as fast as it can,
        /// and the next turn must not have to pass by all of them.
        mutating func remove(_ number: Int) -> CheckedContinuation<Void, any Error>? {
            let removed = waiting.removeValue(forKey: number)
            if line.count > 2 * waiting.count + 16 { line.removeAll { waiting[$0] == nil } }
            return removed
        }

        mutating func popFirst() -> CheckedContinuation<Void, any Error>? {
            while let number = line.popFirst() {
                if let next = waiting.removeValue(forKey: number) { return next }
            }
            return nil
        }
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
        // The caller's, once it is in the line.
        let number = Atomic(0)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let early: Result<Void, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.free > 0 {
                        state.free -= 1
                        return .success(())
                    }
                    guard state.waiting.count < longest else { return .failure(LineIsFull()) }
                    number.store(state.append(continuation), ordering: .relaxed)
                    return nil
                }
                if let early { continuation.resume(with: early) }
            }
        } onCancel: {
            let waiting = state.withLock { $0.remove(number.load(ordering: .relaxed)) }
            waiting?.resume(throwing: CancellationError())
        }
    }

    private func leave() {
        let next: CheckedContinuation<Void, any Error>? = state.withLock { state in
            let next = state.popFirst()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume()
    }
}
