/// What one call used.
public struct CallReport: Sendable, Hashable {
    /// Fuel that the guest burnt. After a call that its deadline stopped it is a lower bound: the engine keeps the count of a loop in a
    /// register, and does not write it back when it interrupts the loop.
    public let fuelUsed: UInt64
    /// Bytes of all linear memories of the instance after the call. Linear memory never shrinks, so this is its high-water mark.
    /// Exception objects that the guest keeps are not counted: they live in a heap of the engine, which is limited
    /// (``PluginLimits/memory``).
    public let memoryBytes: Int
    // Numbers in place of durations, and one word for what most calls do not use: a report is made, copied and added up at each call.
    private let wallNanoseconds: Int64
    private let loopNanoseconds: Int64
    private let hostUse: HostUse?

    init(
        fuelUsed: UInt64, memoryBytes: Int, wallNanoseconds: Int64, loopNanoseconds: Int64, hostUse: HostUse? = nil
    ) {
        self.fuelUsed = fuelUsed
        self.memoryBytes = memoryBytes
        self.wallNanoseconds = wallNanoseconds
        self.loopNanoseconds = loopNanoseconds
        self.hostUse = hostUse
    }

    /// Host functions that were called.
    public var hostCalls: Int { hostUse?.hostCalls ?? 0 }
    /// The same, by function.
    public var hostCallsByName: HostCallCounts { hostUse?.byName ?? HostCallCounts() }
    /// Bytes that the guest handed out to host functions.
    public var outputBytes: Int { hostUse?.outputBytes ?? 0 }
    /// Bytes that capabilities wrote to logs for the guest.
    public var logBytes: Int { hostUse?.logBytes ?? 0 }
    /// Bytes that capabilities exchanged with other machines for the guest.
    public var egressBytes: Int { hostUse?.egressBytes ?? 0 }
    /// Time from the call's begin to its end, host functions and suspensions included.
    public var wallTime: Duration { .nanoseconds(wallNanoseconds) }
    /// Time that the call held its worker loop. For a call that runs to completion it is ``wallTime``; what a suspended call waits for is
    /// not part of it.
    public var loopTime: Duration { .nanoseconds(loopNanoseconds) }

    /// Fuel that a call which was stopped at a tick of the epoch may have used beyond ``fuelUsed``, since the engine does not say it
    /// exactly of a guest that was stopped: one unit for each nanosecond that it held its loop, up to what the call was given.
    func uncountedFuel(of given: UInt64) -> UInt64 {
        let estimate = min(given, UInt64(max(0, loopNanoseconds)))
        return estimate > fuelUsed ? estimate - fuelUsed : 0
    }

    /// Whether the guest called host functions at all.
    var hasHostUse: Bool { hostUse != nil }

    /// What a call used by calling host functions.
    final class HostUse: Sendable {
        let hostCalls: Int
        let byName: HostCallCounts
        let outputBytes: Int
        let logBytes: Int
        let egressBytes: Int

        init(hostCalls: Int, byName: HostCallCounts, outputBytes: Int, logBytes: Int, egressBytes: Int) {
            self.hostCalls = hostCalls
            self.byName = byName
            self.outputBytes = outputBytes
            self.logBytes = logBytes
            self.egressBytes = egressBytes
        }
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.fuelUsed == right.fuelUsed && left.memoryBytes == right.memoryBytes
            && left.wallNanoseconds == right.wallNanoseconds && left.loopNanoseconds == right.loopNanoseconds
            && left.hostCallsByName == right.hostCallsByName && left.outputBytes == right.outputBytes
            && left.logBytes == right.logBytes && left.egressBytes == right.egressBytes
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(fuelUsed)
        hasher.combine(memoryBytes)
        hasher.combine(wallNanoseconds)
        hasher.combine(hostCalls)
    }

    var nanoseconds: (wall: Int64, loop: Int64) { (wallNanoseconds, loopNanoseconds) }
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
