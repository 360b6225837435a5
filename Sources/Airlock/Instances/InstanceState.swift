import Wasmtime
import WorkerLoop

/// What the host keeps for one instance: the host object of its store. Confined to the worker loop that owns the store.
@safe  // Its one pointer is its own, and used within what was allocated.
final class InstanceState {
    let version: PluginVersion
    var limits: PluginLimits
    /// The quota that is charged; the version's unless an ABI set that of the event's owner.
    var quota: Quota? {
        didSet { meter.setQuota(quota) }
    }
    /// What an ABI attached to this instance.
    let attachment: AnyObject?
    /// Whether the cancellation of the task that runs a call ends the call.
    let isCancellable: Bool
    /// Whether a suspendable instance has yet to run its start function and its initialiser to their end.
    var isStarting = true
    /// Its memories, known from the end of the instantiation on.
    var memories = InstanceMemories()
    /// The export named `memory`.
    var memory: Memory? { memories.named }
    /// The exports of a run-to-completion instance that were looked up, known from the end of the instantiation on.
    var functions: InstanceFunctions<RawFunction>?
    /// Likewise of a suspendable instance.
    var suspendableFunctions: InstanceFunctions<AsyncRawFunction>?
    /// What stopped the guest in a function that a host function called back; the cause of the error that the host function passes on.
    var reentryFailure: WasmtimeError?
    /// How many functions of the guest host functions are calling back, one inside the other.
    var reentryDepth = 0
    /// What the call in progress used, and until when it may run.
    private(set) var usage = CallUsage()
    /// How often the call in progress called each host function. Plain memory, because each host call counts here: the array's checks
    /// would cost as much as the call. Allocated and freed by this object, as long as the version's list of functions.
    private let hostCallCounts: UnsafeMutableBufferPointer<UInt64>
    /// What capabilities used during the call in progress.
    let meter: CallMeter
    /// What capabilities keep for this instance.
    let values = InstanceValues()

    init(_ version: PluginVersion, attachment: AnyObject?, isCancellable: Bool) {
        self.version = version
        limits = version.limits
        quota = version.quota
        meter = CallMeter(quota: version.quota)
        self.attachment = attachment
        self.isCancellable = isCancellable
        // Safe: from here to `deinit` all of it is initialised, and it is not reached from elsewhere.
        unsafe hostCallCounts = .allocate(capacity: version.hostFunctions.values.count)
        unsafe hostCallCounts.initialize(repeating: 0)
    }

    deinit {
        unsafe hostCallCounts.deallocate()
    }

    /// Starts the account of a call.
    @inline(__always)
    func begin(loopTime: Int64) {
        if usage.hostCalls > 0 {
            unsafe hostCallCounts.update(repeating: 0)
            meter.reset()
        }
        usage = CallUsage(start: .now, loopTime: loopTime)
    }

    /// What capabilities keep for the call in progress.
    func callValues() -> InstanceValues {
        if let values = usage.values { return values }
        let values = InstanceValues()
        usage.values = values
        return values
    }

    /// Frees what capabilities kept for a call that has ended.
    func dropCallValues() {
        usage.values = nil
    }

    var elapsedTime: Duration { MonotonicInstant.now - usage.start }

    /// When the call in progress began.
    var start: MonotonicInstant { usage.start }

    var remainingTime: Duration { max(.zero, limits.deadline - elapsedTime) }

    /// Why the call in progress must end, if it must.
    var stopReason: StopReason? {
        let elapsed = elapsedTime
        if elapsed >= limits.deadline { return .deadline }
        if elapsed >= .nanoseconds(usage.loopTime) { return .loopShare }
        return isCancellable && Task.isCancelled ? .cancelled : nil
    }

    /// What the call in progress used, from the fuel that it has left.
    @inline(__always)
    func report(remainingFuel: UInt64, loopTime: Duration? = nil) -> CallReport {
        let wallTime = MonotonicInstant.now.nanoseconds(since: usage.start)
        return CallReport(
            fuelUsed: limits.fuel - min(limits.fuel, remainingFuel),
            memoryBytes: memories.byteCount,
            wallNanoseconds: wallTime,
            loopNanoseconds: loopTime.map { Int64(clamping: $0.wholeNanoseconds) } ?? wallTime,
            hostUse: usage.hostCalls > 0 ? hostUse : nil
        )
    }

    private var hostUse: CallReport.HostUse {
        CallReport.HostUse(
            hostCalls: usage.hostCalls,
            byName: unsafe HostCallCounts(names: version.hostFunctions, counts: Array(hostCallCounts)),
            outputBytes: usage.outputBytes,
            logBytes: meter.logBytes,
            egressBytes: meter.egressBytes
        )
    }

    /// Counts a call of the host function with that index in the version's list.
    func countHostCall(_ index: Int) throws(HostError) {
        usage.hostCalls += 1
        // Safe: linking numbers the functions of the same list that the memory was allocated for.
        unsafe hostCallCounts[index] &+= 1
        guard usage.hostCalls <= limits.hostCalls else {
            var error = HostError(.hostCalls, "the call made more than \(limits.hostCalls) host calls")
            error.limit = UInt64(clamping: limits.hostCalls)
            error.used = UInt64(clamping: usage.hostCalls)
            throw error
        }
        if let quota { try quota.chargeHostCall() }
    }

    func countOutput(_ bytes: UInt32) throws(HostError) {
        usage.outputBytes += Int(bytes)
        guard usage.outputBytes <= limits.outputBytes else {
            var error = HostError(.output, "the call handed out more than \(limits.outputBytes) bytes")
            error.limit = UInt64(clamping: limits.outputBytes)
            error.used = UInt64(clamping: usage.outputBytes)
            throw error
        }
    }
}

/// What the call in progress used, and until when it may run.
struct CallUsage {
    var start = MonotonicInstant.now
    /// Nanoseconds that it may hold its worker loop, apart from its deadline.
    var loopTime = Int64.max
    var hostCalls = 0
    var outputBytes = 0
    /// What capabilities keep for the call, where one does.
    var values: InstanceValues?
}
