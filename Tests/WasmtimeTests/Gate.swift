import Synchronization

/// Holds tasks until it is opened, and tells how many have arrived.
final class Gate: Sendable {
    private struct State {
        var isOpen: Bool
        var arrivals = 0
        var waiters: [Int: CheckedContinuation<Void, any Error>] = [:]
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var cancellations = 0
        var cancellationWatchers: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(isOpen: Bool = false) {
        state = Mutex(State(isOpen: isOpen))
    }

    /// Waits until the gate is open; a cancelled task leaves with a `CancellationError`.
    func pass() async throws {
        let number = state.withLock { state in
            state.arrivals += 1
            return state.arrivals
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let watchers = state.withLock { state -> [CheckedContinuation<Void, Never>] in
                    if state.isOpen {
                        continuation.resume()
                    } else {
                        state.waiters[number] = continuation
                    }
                    defer { state.watchers.removeAll { $0.count <= state.waiters.count } }
                    return state.watchers.filter { $0.count <= state.waiters.count }.map(\.continuation)
                }
                watchers.forEach { $0.resume() }
            }
        } onCancel: {
            let (waiter, watchers) = state.withLock { state in
                state.cancellations += 1
                defer { state.cancellationWatchers = [] }
                return (state.waiters.removeValue(forKey: number), state.cancellationWatchers)
            }
            waiter?.resume(throwing: CancellationError())
            watchers.forEach { $0.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        waiters.forEach { $0.resume() }
    }

    /// Waits until so many tasks wait at the gate.
    func waitForArrivals(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.waiters.count >= count {
                    return true
                }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere {
                continuation.resume()
            }
        }
    }

    /// Waits until a task at the gate was cancelled.
    func waitForCancellation() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.cancellations > 0 {
                    return true
                }
                state.cancellationWatchers.append(continuation)
                return false
            }
            if isThere {
                continuation.resume()
            }
        }
    }
}
