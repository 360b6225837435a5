/// What many calls used together.
public struct CallTotals: Sendable, Hashable {
    /// What every call uses: plain numbers, so that adding one costs little.
    struct Run: Sendable, Hashable {
        var calls: UInt64 = 0
        var fuelUsed: UInt64 = 0
        var memoryBytes = 0
        var wallNanoseconds: Int64 = 0
        var loopNanoseconds: Int64 = 0

        mutating func add(_ report: CallReport) {
            calls += 1
            fuelUsed &+= report.fuelUsed
            memoryBytes = max(memoryBytes, report.memoryBytes)
            wallNanoseconds &+= report.nanoseconds.wall
            loopNanoseconds &+= report.nanoseconds.loop
        }
    }

    /// What only calls use that call host functions.
    struct HostUse: Sendable, Hashable {
        var hostCalls: UInt64 = 0
        var hostCallsByName = HostCallCounts()
        var outputBytes: UInt64 = 0
        var logBytes: UInt64 = 0
        var egressBytes: UInt64 = 0

        mutating func add(_ report: CallReport) {
            hostCalls &+= UInt64(report.hostCalls)
            hostCallsByName.add(report.hostCallsByName)
            outputBytes &+= UInt64(report.outputBytes)
            logBytes &+= UInt64(report.logBytes)
            egressBytes &+= UInt64(report.egressBytes)
        }
    }

    private var run = Run()
    private var host = HostUse()

    /// How many calls.
    public var calls: UInt64 { run.calls }
    /// Fuel of all calls.
    public var fuelUsed: UInt64 { run.fuelUsed }
    /// Host calls of all calls.
    public var hostCalls: UInt64 { host.hostCalls }
    /// The same, by function.
    public var hostCallsByName: HostCallCounts { host.hostCallsByName }
    /// Bytes handed out by all calls.
    public var outputBytes: UInt64 { host.outputBytes }
    /// Bytes logged by all calls.
    public var logBytes: UInt64 { host.logBytes }
    /// Bytes exchanged with other machines by all calls.
    public var egressBytes: UInt64 { host.egressBytes }
    /// The largest memory after any call, in bytes.
    public var memoryBytes: Int { run.memoryBytes }
    /// Wall time of all calls.
    public var wallTime: Duration { .nanoseconds(run.wallNanoseconds) }
    /// Time that all calls held their worker loops.
    public var loopTime: Duration { .nanoseconds(run.loopNanoseconds) }

    /// Nothing used yet.
    public init() {}

    init(_ run: Run, _ host: HostUse) {
        self.run = run
        self.host = host
    }

    /// Adds one call.
    public mutating func add(_ report: CallReport) {
        run.add(report)
        if report.hasHostUse { host.add(report) }
    }

    /// Adds what other calls used together.
    public mutating func add(_ other: CallTotals) {
        run.calls += other.run.calls
        run.fuelUsed &+= other.run.fuelUsed
        run.memoryBytes = max(run.memoryBytes, other.run.memoryBytes)
        run.wallNanoseconds &+= other.run.wallNanoseconds
        run.loopNanoseconds &+= other.run.loopNanoseconds
        host.hostCalls &+= other.host.hostCalls
        host.hostCallsByName.add(other.host.hostCallsByName)
        host.outputBytes &+= other.host.outputBytes
        host.logBytes &+= other.host.logBytes
        host.egressBytes &+= other.host.egressBytes
    }
}
