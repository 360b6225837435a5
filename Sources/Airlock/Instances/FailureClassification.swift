import Wasmtime
import WorkerLoop

extension PluginError {
    /// Names the cause of a failed call or instantiation in the terms of the host SDK.
    init(_ outer: WasmtimeError, state: InstanceState, report: CallReport?) {
        let version = state.version
        let error = state.reentryFailure ?? outer
        state.reentryFailure = nil
        let limits = state.limits
        self.init(
            .trap,
            plugin: version.plugin,
            version: version.number,
            message: error.message,
            trap: error.trap.map { version.functionNames.naming($0) },
            report: report
        )

        if let hostError = error.hostError as? HostError {
            code = hostError.kind.code
            message = hostError.message
            limit = hostError.limit
            used = hostError.used
            exitCode = hostError.exitCode
            quota = hostError.quota
            retryAfter = hostError.retryAfter
            return
        }
        exitCode = error.exitStatus.map(UInt32.init(bitPattern:))
        if error.stopReason == .deadline {
            setDeadline(limits, report)
            return
        }
        if error.stopReason == .replaced {
            code = .stopped
            message = "the call ran on a version that was replaced, and went on for longer than the drain deadline"
            return
        }
        if error.stopReason == .loopShare {
            code = .quotaExceeded
            message = "the call used up what its plugin had left of the worker loop's time"
            quota = LoopBudget.name
            limit = UInt64(clamping: state.usage.loopTime)
            used = report?.loopTime.wholeNanoseconds
            return
        }
        if error.code == .growth {
            code = .memory
            limit = UInt64(version.limits.memory)
            return
        }
        switch error.trap?.code {
        case .outOfFuel:
            code = .fuel
            message = "the call burnt all its fuel"
            limit = limits.fuel
            used = limits.fuel
        case .some where state.memories.wasRefusedGrowth:
            code = .memory
            message = "the guest trapped after its memory limit had refused it growth: \(error.message)"
            limit = UInt64(version.limits.memory)
            used = report.map { UInt64($0.memoryBytes) }
        case .some:
            code = .trap
        case nil:
            code = Code(withoutTrap: error)
        }
    }

    private mutating func setDeadline(_ limits: PluginLimits, _ report: CallReport?) {
        code = .deadline
        message = "the call's deadline of \(limits.deadline) passed"
        limit = limits.deadline.wholeNanoseconds
        used = report?.wallTime.wholeNanoseconds
    }
}

extension StopReason {
    /// The call's deadline passed while it was suspended or gave way to others.
    static let deadline = StopReason(rawValue: "deadline")
    /// The plugin has nothing left of its share of the worker loop.
    static let loopShare = StopReason(rawValue: "loopShare")
    /// The task that awaits the call was cancelled.
    static let cancelled = StopReason(rawValue: "cancelled")
    /// The plugin was unloaded.
    static let unloaded = StopReason(rawValue: "unloaded")
    /// Its version was replaced, and the time to finish passed.
    static let replaced = StopReason(rawValue: "replaced")
}

extension PluginError.Code {
    fileprivate init(withoutTrap error: WasmtimeError) {
        switch error.code {
        case .cancelled: self = error.stopReason == .unloaded ? .stopped : .cancelled
        case .exit: self = .exit
        case .missingImports: self = .missingCapability
        case .signatureMismatch: self = .signatureMismatch
        case .invalidModule: self = .invalidModule
        case .instantiation: self = .overloaded
        case .hostError: self = .hostError
        default: self = .trap
        }
    }
}
