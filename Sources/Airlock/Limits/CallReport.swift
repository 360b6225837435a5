/// What one call used.
public struct CallReport: Sendable, Hashable {
    /// Fuel that the guest burnt. After a call that its deadline stopped it is a lower bound: the engine keeps the count of a loop in a
    /// register, and does not write it back when it interrupts the loop.
    public var fuelUsed: UInt64
    /// Bytes of the instance's exported memory after the call. Linear memory never shrinks, so this is its high-water mark.
    public var memoryBytes: Int
    /// Host functions that were called.
    public var hostCalls: Int
    /// Bytes that the guest handed out to host functions.
    public var outputBytes: Int
    /// Time from the call's begin to its end, host functions and suspensions included.
    public var wallTime: Duration

    /// Makes a report.
    public init(fuelUsed: UInt64, memoryBytes: Int, hostCalls: Int, outputBytes: Int, wallTime: Duration) {
        self.fuelUsed = fuelUsed
        self.memoryBytes = memoryBytes
        self.hostCalls = hostCalls
        self.outputBytes = outputBytes
        self.wallTime = wallTime
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
