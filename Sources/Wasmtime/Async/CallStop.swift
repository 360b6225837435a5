import Synchronization

/// Stops asynchronous calls from outside, from any thread: on a deadline, when a client goes away, at shut-down.
///
/// A call that was given the object ends with ``WasmtimeError/Code-swift.struct/cancelled`` and the reason, at once when it
/// waits for a host function, otherwise when the guest yields next (see ``AsyncStore/setEpochYield(everyTicks:)``). It
/// holds for any number of calls, and for those that begin after it too.
public final class CallStop: Sendable {
    private struct State {
        var reason: StopReason?
        var limit: (time: ContinuousClock.Instant, reason: StopReason)?
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

    /// Stops the calls from `time` on. A guest that computes finds it out by itself when it yields; one that waits has to be woken with
    /// ``stop(_:)``.
    public func stop(_ reason: StopReason, at time: ContinuousClock.Instant) {
        state.withLock { $0.limit = (time, reason) }
    }

    /// Why the calls were stopped, or `nil` when they were not.
    public var reason: StopReason? {
        state.withLock { state in
            if state.reason == nil, let limit = state.limit, ContinuousClock.now >= limit.time {
                state.reason = limit.reason
            }
            return state.reason
        }
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
