import Synchronization

/// Wakes the Swift task that runs a store's call: a host call has its result, or the call is to be stopped.
///
/// A signal that comes before the wait is kept, and several are as good as one.
final class CallSignal: Sendable {
    private enum State {
        case idle
        case signalled
        case waiting(CheckedContinuation<Void, Never>)
    }

    private let state = Mutex(State.idle)

    func signal() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if case .waiting(let waiter) = state {
                state = .idle
                return waiter
            }
            state = .signalled
            return nil
        }
        waiter?.resume()
    }

    /// Waits for a signal. One task may wait at a time.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isSignalled = state.withLock { state in
                if case .signalled = state {
                    state = .idle
                    return true
                }
                state = .waiting(continuation)
                return false
            }
            if isSignalled {
                continuation.resume()
            }
        }
    }
}
