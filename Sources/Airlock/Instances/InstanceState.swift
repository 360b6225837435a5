import Wasmtime
import WorkerLoop

/// What the host keeps for one instance: the host object of its store. Confined to the worker loop that owns the store.
final class InstanceState {
    let version: PluginVersion
    var limits: PluginLimits
    /// What an ABI attached to this instance.
    let attachment: AnyObject?
    /// The export named `memory`, known from the end of the instantiation on.
    var memory: Memory?
    /// The exports of a run-to-completion instance that were looked up, known from the end of the instantiation on.
    var functions: InstanceFunctions<RawFunction>?
    /// Likewise of a suspendable instance.
    var suspendableFunctions: InstanceFunctions<AsyncRawFunction>?
    /// What stopped the guest in a function that a host function called back; the cause of the error that the host function passes on.
    var reentryFailure: WasmtimeError?
    /// What the call in progress used, and until when it may run.
    var usage = CallUsage()
    /// What capabilities used during the call in progress.
    let meter = CallMeter()
    /// What capabilities keep for this instance.
    let values = InstanceValues()

    init(_ version: PluginVersion, attachment: AnyObject?) {
        self.version = version
        limits = version.limits
        self.attachment = attachment
    }

    var remainingTime: Duration {
        max(.zero, limits.deadline - (MonotonicInstant.now - usage.start))
    }

    /// What the call in progress used, from the fuel that it has left.
    func report(remainingFuel: UInt64) -> CallReport {
        CallReport(
            fuelUsed: limits.fuel - min(limits.fuel, remainingFuel),
            memoryBytes: memory?.byteCount ?? 0,
            hostCalls: usage.hostCalls,
            outputBytes: usage.outputBytes,
            wallTime: MonotonicInstant.now - usage.start
        )
    }

    func countHostCall() throws(HostError) {
        usage.hostCalls += 1
        guard usage.hostCalls <= limits.hostCalls else {
            var error = HostError(.hostCalls, "the call made more than \(limits.hostCalls) host calls")
            error.limit = UInt64(clamping: limits.hostCalls)
            error.used = UInt64(clamping: usage.hostCalls)
            throw error
        }
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
    var hostCalls = 0
    var outputBytes = 0
}
