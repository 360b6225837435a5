import Synchronization

/// Where the result of one asynchronous host call is put by whoever has it, and taken by the guest that waits for it.
///
/// The guest closes the mailbox when it goes away, and what comes later is dropped. So nothing that works for a host
/// call ever touches the store.
final class HostCallMailbox: Sendable {
    /// Makes the results; it runs where the guest runs, and may use the guest's memory.
    typealias Finish = @Sendable (CallerHandle) throws -> [RawValue]
    typealias Outcome = Result<Finish, any Error>

    private enum State {
        case open(CallSignal?)
        case filled(Outcome)
        case closed
    }

    private let state = Mutex(State.open(nil))
    private let onClose: @Sendable () -> Void

    /// - Parameter onClose: runs once, when the guest goes away before it has its result.
    init(onClose: @escaping @Sendable () -> Void) {
        self.onClose = onClose
    }

    /// Fills the mailbox and wakes the guest. Only the first outcome counts, and none after the guest went away.
    func fill(_ outcome: Outcome) {
        let signal = state.withLock { state -> CallSignal? in
            guard case .open(let signal) = state else {
                return nil
            }
            state = .filled(outcome)
            return signal
        }
        signal?.signal()
    }

    /// Names whom to wake.
    func attach(_ signal: CallSignal) {
        state.withLock { state in
            if case .open = state {
                state = .open(signal)
            }
        }
    }

    var isFilled: Bool {
        state.withLock { state in
            if case .filled = state { true } else { false }
        }
    }

    /// Empties and closes a mailbox that is filled.
    func take() -> Outcome? {
        state.withLock { state in
            guard case .filled(let outcome) = state else {
                return nil
            }
            state = .closed
            return outcome
        }
    }

    /// The guest goes away.
    func close() {
        let wasOpen = state.withLock { state -> Bool in
            defer { state = .closed }
            if case .open = state { return true } else { return false }
        }
        if wasOpen {
            onClose()
        }
    }
}
