import WorkerLoop

/// What an asynchronous host function knows of the call that it serves. It owns nothing of the guest, whose memory may be gone
/// by the time the function returns; a result that comes too late is dropped.
public struct AsyncHostCall: Sendable {
    private let start: MonotonicInstant
    private let allowed: Duration
    /// The name of the plugin that calls.
    public let plugin: String
    let meter: CallMeter
    let values: InstanceValues
    let callValues: InstanceValues

    init(_ call: borrowing HostCall) {
        plugin = call.plugin
        meter = call.state.meter
        values = call.state.values
        callValues = call.state.callValues()
        start = call.state.start
        allowed = call.state.limits.deadline
    }

    /// Time that is left until the call's deadline; zero when it has passed.
    public var remainingTime: Duration {
        max(.zero, allowed - (MonotonicInstant.now - start))
    }

    /// Whether the guest's call was cancelled or timed out, so that nobody waits for the result any more. It is the
    /// cancellation of the task that runs the host function.
    public var isCancelled: Bool { Task.isCancelled }
}
