import Synchronization

/// Stops asynchronous calls from outside, from any thread: on a deadline, when a client goes away, at shut-down.
///
/// A call that was given the object ends with ``WasmtimeError/Code-swift.struct/cancelled`` and the reason, at once when it
/// waits for a host function, otherwise when the guest yields next (see ``AsyncStore/setEpochYield(everyTicks:)``). It
/// holds for any number of calls, and for those that begin after it too.
public final class CallStop: Sendable {
    private struct State {
        var reason: StopReason?
        var signals: [CallSignal] = []
    }

    private let state = Mutex(State())

    /// Makes an object that has stopped nothing yet.
    public init() {}

    /// Stops the calls. Only the first reason counts.
    public func stop(_ reason: StopReason) {
        let signals = state.withLock { state -> [CallSignal] in
            guard state.reason == nil else {
                return []
            }
            state.reason = reason
            return state.signals
        }
        for signal in signals {
            signal.signal()
        }
    }

    /// Why the calls were stopped, or `nil` when they were not.
    public var reason: StopReason? {
        state.withLock { $0.reason }
    }

    func attach(_ signal: CallSignal) {
        state.withLock { $0.signals.append(signal) }
    }

    func detach(_ signal: CallSignal) {
        state.withLock { state in
            state.signals.removeAll { $0 === signal }
        }
    }
}
