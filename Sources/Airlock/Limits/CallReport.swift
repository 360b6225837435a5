/// What one call used.
public struct CallReport: Sendable, Hashable {
    /// Fuel that the guest burnt. After a deadline it is a lower bound.
    public var fuelUsed: UInt64
    /// Bytes of all linear memories that the instance had at the end, exported or not; memory never shrinks, so this is their high-water
    /// mark.
    public var memoryBytes: Int
    /// How many host functions the guest called.
    public var hostCalls: Int
    /// The same, by function.
    public var hostCallsByName: HostCallCounts
    /// Bytes that the guest handed to the host.
    public var outputBytes: Int
    /// Bytes that capabilities wrote to logs for the guest.
    public var logBytes: Int
    /// Bytes that capabilities exchanged with other machines for the guest.
    public var egressBytes: Int
    /// Time from the call's begin to its end.
    public var wallTime: Duration
    /// Time that the call held its worker loop. For a call that runs to completion it is ``wallTime``.
    public var loopTime: Duration

    /// Makes a report.
    public init(
        fuelUsed: UInt64 = 0,
        memoryBytes: Int = 0,
        hostCalls: Int = 0,
        hostCallsByName: HostCallCounts = HostCallCounts(),
        outputBytes: Int = 0,
        logBytes: Int = 0,
        egressBytes: Int = 0,
        wallTime: Duration = .zero,
        loopTime: Duration = .zero
    ) {
        self.fuelUsed = fuelUsed
        self.memoryBytes = memoryBytes
        self.hostCalls = hostCalls
        self.hostCallsByName = hostCallsByName
        self.outputBytes = outputBytes
        self.logBytes = logBytes
        self.egressBytes = egressBytes
        self.wallTime = wallTime
        self.loopTime = loopTime
    }
}

/// A call's value together with what it used.
public struct CallResult<Value: Sendable>: Sendable {
    /// What the guest returned.
    public var value: Value
    /// What it used to get there.
    public var report: CallReport

    @inlinable
    public init(value: Value, report: CallReport) {
        self.value = value
        self.report = report
    }
}
