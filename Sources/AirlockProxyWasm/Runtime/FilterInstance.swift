import Airlock
import Logging

/// One version of a filter on one worker loop.
final class FilterInstance {
    let id: FilterID
    let configuration: FilterConfiguration
    let version: PluginVersion
    let callbacks: GuestCallbacks
    /// The virtual machine's place, which the filter may share with others.
    let slot: VMSlot
    let logger: Logger
    /// The filter's context in the slot's virtual machine; nil while there is none.
    var root: RootContext?
    /// What is left of its share of the worker loop; nil where it has no limit.
    let loopBudget: LoopBudget?
    /// What all its callbacks used.
    var totals = CallTotals()
    /// How often its callbacks ended the virtual machine.
    private(set) var failures = 0
    private(set) var lastFailure: PluginError?
    private var meters: FilterMeters
    // The host has what runs the filter.
    private weak let host: PluginHost?
    /// Streams that have not been closed.
    var openStreams = 0
    /// What counts its streams while it is being tried.
    var trial: Trial?
    /// What watches the filter for repeated failures, if anything does.
    let quarantine: FilterQuarantine?
    /// Whether it is the version that serves, or was.
    var isServing = false
    /// Whether another version took over.
    var isRetired = false

    init(
        id: FilterID,
        configuration: FilterConfiguration,
        version: PluginVersion,
        callbacks: GuestCallbacks,
        slot: VMSlot,
        quarantine: FilterQuarantine?,
        host: PluginHost?,
        logger: Logger
    ) {
        self.id = id
        self.configuration = configuration
        self.version = version
        self.callbacks = callbacks
        self.slot = slot
        self.quarantine = quarantine
        self.host = host
        loopBudget = version.limits.loopShare.map { LoopBudget($0) }
        meters = FilterMeters(filter: configuration.name)
        var logger = logger
        logger[metadataKey: "filter"] = "\(configuration.name)"
        self.logger = logger
    }

    /// Why it may not begin anything new at this moment; nil where it may.
    var refusal: PluginError? {
        if let loopBudget, !loopBudget.hasTime {
            return loopBudget.refusal(plugin: configuration.name, version: version.number)
        }
        do {
            try quarantine?.check(plugin: configuration.name, version: version.number)
            try version.quota?.checkFuel(plugin: configuration.name, version: version.number)
            return nil
        } catch {
            return error
        }
    }

    /// What it may use for each step of its start.
    var startLimits: PluginLimits {
        version.limits.multiplied(by: configuration.startFactor)
    }

    /// Whether it is to have a root context, in a machine of its own or of others: not once it was retired, and not while it is quarantined.
    var isToRun: Bool {
        !isRetired && !(isServing && quarantine?.isQuarantined ?? false)
    }

    /// Where new streams get their contexts; nil while the virtual machine is being replaced.
    var home: (vm: ProxyWasmVM, root: RootContext)? {
        guard let vm = slot.vm, let root else { return nil }
        return (vm, root)
    }

    /// Why there is no ``home``.
    var unavailable: PluginError {
        let reason = slot.lastFailure.map { ": \($0.message)" } ?? ""
        return PluginError(
            .unavailable, plugin: configuration.name, version: version.number,
            message: "the virtual machine is being replaced after a failure\(reason)")
    }

    /// What a stream fails with that it held back for too long.
    var pauseExpired: PluginError {
        PluginError(
            .deadline, plugin: configuration.name, version: version.number,
            message: "the filter held a message back for longer than \(configuration.pauseDeadline)")
    }

    /// What a stream fails with of whose response it held back too much.
    func heldTooMuch(_ limit: Int) -> PluginError {
        PluginError(
            .memory, plugin: configuration.name, version: version.number,
            message: "the filter held back more of a response's body than \(limit) bytes")
    }

    /// Notes the end of one of its streams.
    func streamEnded() {
        openStreams -= 1
        meters.flush(totals)
    }

    /// Notes that one of its events ended the virtual machine.
    func note(_ error: PluginError) {
        failures += 1
        lastFailure = error
        meters.count(error)
        if isServing, !isRetired { quarantine?.note(error, plugin: configuration.name, version: version.number) }
        host?.send(.instanceDiscarded(error), plugin: configuration.name, version: version.number)
    }
}

extension PluginLimits {
    /// As much of what a call may use so many times, as far as that is a limit.
    fileprivate func multiplied(by factor: Int) -> Self {
        func times<Value: FixedWidthInteger>(_ value: Value) -> Value {
            let (product, overflow) = value.multipliedReportingOverflow(by: Value(clamping: factor))
            return overflow ? .max : product
        }
        var limits = self
        limits.fuel = times(fuel)
        limits.deadline = deadline * factor
        limits.hostCalls = times(hostCalls)
        limits.outputBytes = times(outputBytes)
        return limits
    }
}

/// The place of a virtual machine on a worker loop, which stays while the machine in it is replaced.
final class VMSlot {
    let key: VMKey
    var vm: ProxyWasmVM?
    /// Failures in a row.
    var failures = 0
    var lastFailure: PluginError?

    init(key: VMKey) {
        self.key = key
    }
}
