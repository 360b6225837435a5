import Synchronization

/// One task's wait for one value, which ends early when the task is cancelled.
final class Wait<Value: Sendable>: Sendable {
    private enum State {
        case open
        case waiting(CheckedContinuation<Value, any Error>)
        case ended(Result<Value, any Error>)
    }

    private let state = Mutex(State.open)

    /// Waits. To be called once.
    /// - Throws: what the wait was ended with, or `CancellationError`.
    func value() async throws -> Value {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let early = state.withLock { state -> Result<Value, any Error>? in
                    if case .ended(let result) = state { return result }
                    state = .waiting(continuation)
                    return nil
                }
                if let early { continuation.resume(with: early) }
            }
        } onCancel: {
            end(with: .failure(CancellationError()))
        }
    }

    /// Ends the wait. Returns whether it had not ended yet.
    @discardableResult
    func end(with result: Result<Value, any Error>) -> Bool {
        let (isFirst, continuation) = state.withLock { state -> (Bool, CheckedContinuation<Value, any Error>?) in
            defer { if case .ended = state {} else { state = .ended(result) } }
            switch state {
            case .open: return (true, nil)
            case .waiting(let continuation): return (true, continuation)
            case .ended: return (false, nil)
            }
        }
        continuation?.resume(with: result)
        return isFirst
    }
}
