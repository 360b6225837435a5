import Airlock
import Wasmtime
import WorkerLoop

/// One virtual machine: an instance of a filter's module with the contexts in it. Confined to the worker loop that
/// made it.
final class ProxyWasmVM {
    let version: PluginVersion
    let callbacks: GuestCallbacks
    let state: VMState
    /// When it had been started.
    let startedAt = ContinuousClock.now
    /// Why it takes no more calls; nil while it does.
    private(set) var failure: PluginError?
    private let instance: ResidentInstance
    /// Whether the failure came in an event of the host's own, such as a tick, and not in one of a stream.
    private(set) var failedInRoot = false
    /// The filter, and its version, whose limits the instance runs under.
    private var limitsOwner: (filter: FilterID, version: Int)?

    /// Makes the instance and runs its start functions, each as one call: `_initialize`, then `main` or
    /// `__main_void`; or else `_start`.
    init(for filter: FilterInstance, state: VMState) throws(PluginError) {
        version = filter.version
        callbacks = filter.callbacks
        self.state = state
        state.phase = .starting
        instance = try ResidentInstance(version, attachment: state, loopBudget: filter.loopBudget)
        instance.limits = filter.startLimits
        if let initialize = callbacks.start.initialize { _ = try instance.call(initialize) }
        if let main = callbacks.start.main { _ = try instance.call(main, 0, 0) }
        if let main = callbacks.start.mainVoid { _ = try instance.call(main) }
        state.phase = .running
    }

    var memorySize: Int { instance.memorySize }

    /// Runs a callback as one event in `context`, under the limits of the context's filter.
    /// - Returns: What it returned, or nil when the virtual machine failed in it or before.
    func call<Result: GuestResult, each Argument: WasmValue>(
        _ callback: GuestFunction<Result, repeat each Argument>,
        _ argument: repeat each Argument,
        in context: Context
    ) -> Result? {
        guard failure == nil else { return nil }
        let filter = context.filter
        if context.isStarting {
            instance.limits = filter.startLimits
            instance.loopBudget = filter.loopBudget
            limitsOwner = nil
        } else if limitsOwner?.filter != filter.id || limitsOwner?.version != filter.version.number {
            instance.limits = filter.version.limits
            instance.loopBudget = filter.loopBudget
            limitsOwner = (filter.id, filter.version.number)
        }
        state.beginEvent(in: context)
        do {
            let result = try instance.call(callback, repeat each argument)
            state.endEvent()
            account(result.report, in: context)
            return result.value
        } catch {
            if let report = error.report { account(report, in: context) }
            fail(error, in: context)
            return nil
        }
    }

    private func account(_ report: CallReport, in context: Context) {
        context.filter.totals.add(report)
        context.stream?.usage.add(report)
    }

    /// Every open stream that has a context here follows its own filter's failure policy.
    private func fail(_ error: PluginError, in failed: Context) {
        failure = error
        failedInRoot = failed.stream == nil
        let contexts = state.streamContexts
        state.removeAll()
        failed.filter.note(error)
        // Streams count for themselves.
        if failedInRoot { failed.filter.trial?.note(error) }
        for context in contexts {
            context.vmFailed(context.id == failed.id ? error : error.seenFromOutside, cause: error)
            state.agenda.touch(context.stream)
        }
        state.agenda.failedVMs.append(self)
    }
}

extension PluginError {
    /// The failure of a shared virtual machine, as a stream sees it that did not cause it.
    var seenFromOutside: PluginError {
        PluginError(
            .unavailable, plugin: plugin, version: version,
            message: "the virtual machine ended while it served another event: \(message)")
    }
}
