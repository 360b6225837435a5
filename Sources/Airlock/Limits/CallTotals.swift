/// What many calls used together.
public struct CallTotals: Sendable, Hashable {
    /// How many calls.
    public private(set) var calls: UInt64 = 0
    /// Fuel of all calls.
    public private(set) var fuelUsed: UInt64 = 0
    /// Host calls of all calls.
    public private(set) var hostCalls: UInt64 = 0
    /// The same, by function.
    public private(set) var hostCallsByName = HostCallCounts()
    /// Bytes handed out by all calls.
    public private(set) var outputBytes: UInt64 = 0
    /// Bytes logged by all calls.
    public private(set) var logBytes: UInt64 = 0
    /// Bytes exchanged with other machines by all calls.
    public private(set) var egressBytes: UInt64 = 0
    /// The largest memory after any call, in bytes.
    public private(set) var memoryBytes = 0
    /// Wall time of all calls.
    public private(set) var wallTime = Duration.zero
    /// Time that all calls held their worker loops.
    public private(set) var loopTime = Duration.zero

    /// Nothing used yet.
    public init() {}

    /// Adds one call.
    public mutating func add(_ report: CallReport) {
        calls += 1
        fuelUsed &+= report.fuelUsed
        memoryBytes = max(memoryBytes, report.memoryBytes)
        wallTime += report.wallTime
        loopTime += report.loopTime
        guard report.hostCalls > 0 else { return }
        hostCalls &+= UInt64(report.hostCalls)
        hostCallsByName.add(report.hostCallsByName)
        outputBytes &+= UInt64(report.outputBytes)
        logBytes &+= UInt64(report.logBytes)
        egressBytes &+= UInt64(report.egressBytes)
    }

    /// Adds what other calls used together.
    public mutating func add(_ other: CallTotals) {
        calls += other.calls
        fuelUsed &+= other.fuelUsed
        hostCalls &+= other.hostCalls
        hostCallsByName.add(other.hostCallsByName)
        outputBytes &+= other.outputBytes
        logBytes &+= other.logBytes
        egressBytes &+= other.egressBytes
        memoryBytes = max(memoryBytes, other.memoryBytes)
        wallTime += other.wallTime
        loopTime += other.loopTime
    }
}
