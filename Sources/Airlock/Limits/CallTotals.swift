/// What many calls used together.
public struct CallTotals: Sendable, Hashable {
    /// How many calls.
    public private(set) var calls: UInt64 = 0
    /// Fuel of all calls.
    public private(set) var fuelUsed: UInt64 = 0
    /// Host calls of all calls.
    public private(set) var hostCalls: UInt64 = 0
    /// Bytes handed out by all calls.
    public private(set) var outputBytes: UInt64 = 0
    /// The largest memory after any call, in bytes.
    public private(set) var memoryBytes = 0
    /// Wall time of all calls.
    public private(set) var wallTime = Duration.zero

    /// Nothing used yet.
    public init() {}

    /// Adds one call.
    public mutating func add(_ report: CallReport) {
        calls += 1
        fuelUsed &+= report.fuelUsed
        hostCalls &+= UInt64(report.hostCalls)
        outputBytes &+= UInt64(report.outputBytes)
        memoryBytes = max(memoryBytes, report.memoryBytes)
        wallTime += report.wallTime
    }

    /// Adds what other calls used together.
    public mutating func add(_ other: CallTotals) {
        calls += other.calls
        fuelUsed &+= other.fuelUsed
        hostCalls &+= other.hostCalls
        outputBytes &+= other.outputBytes
        memoryBytes = max(memoryBytes, other.memoryBytes)
        wallTime += other.wallTime
    }
}
