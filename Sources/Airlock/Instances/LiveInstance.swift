import Wasmtime
import WorkerLoop

/// A run-to-completion instance in a store of its own. Each call runs under its own fuel and deadline; the first failure ends
/// the instance. Confined to the worker loop that made it.
final class LiveInstance {
    let version: PluginVersion
    let state: InstanceState
    /// What calls may use; the version's limits unless others were set.
    var limits: PluginLimits {
        didSet {
            guard limits != oldValue else { return }
            state.limits = limits
        }
    }
    /// What ended it; nil while it can be used.
    private(set) var failure: PluginError?
    var isDead: Bool { failure != nil }
    private var calls = 0
    private let reservation: InstanceReservation
    private let store: Store<InstanceState>

    /// Makes the instance; its start section runs under the fuel and the deadline of a call.
    /// - Parameters:
    ///   - loopTime: the most nanoseconds that it may hold the worker loop, apart from the deadline.
    ///   - isCancellable: whether the cancellation of the task that runs a call ends the call.
    init(
        _ version: PluginVersion,
        attachment: AnyObject?,
        loopTime: Int64 = .max,
        isCancellable: Bool
    ) throws(PluginError) {
        guard case .runToCompletion(let linked) = version.linked else {
            throw version.error(.configuration, "the plugin was loaded as suspendable")
        }
        self.version = version
        limits = version.limits
        reservation = try InstanceReservation(version)
        let state = InstanceState(version, attachment: attachment, isCancellable: isCancellable)
        self.state = state
        store = Store(engine: version.engine, host: state)
        store.setLimits(version.limits.ofStore)
        store.setEpochCheck { state.stopReason }
        state.begin(loopTime: loopTime)
        do {
            try store.setFuel(limits.fuel)
            store.setEpochDeadline(ticks: 1)
            let instance = try store.instantiate(linked)
            state.memories = InstanceMemories(version.hostExports, memory: instance.memory, global: instance.global)
            state.functions = InstanceFunctions(of: version, find: instance.rawFunction)
        } catch {
            let report = state.report(remainingFuel: (try? store.remainingFuel) ?? 0)
            throw PluginError(error, state: state, report: report)
        }
        if let start = try state.functions?.start() { try run(start) }
    }

    deinit {
        // Both hold the store, which holds the state.
        state.memories = InstanceMemories()
        state.functions = nil
    }

    /// Runs the initialiser of a WASI reactor under what the start section left of fuel and deadline.
    func initialize() throws(PluginError) {
        if let initializer = try state.functions?.initializer() { try run(initializer) }
    }

    private func run(_ function: RawFunction) throws(PluginError) {
        var slots = CallSlots()
        do {
            try slots.run(function)
        } catch {
            throw fail(error)
        }
    }

    /// Whether it can serve another call under its limits.
    var isReusable: Bool { !isDead && calls < limits.callsPerInstance }

    /// Starts a call's account: full fuel, the deadline from now on, nothing used.
    /// - Parameter loopTime: the most nanoseconds that the call may hold the worker loop, apart from the deadline.
    @inline(__always)
    func begin(loopTime: Int64 = .max) throws(PluginError) {
        guard !isDead else {
            throw version.error(.unavailable, "the instance ended in an earlier failure")
        }
        calls += 1
        state.begin(loopTime: loopTime)
        // At each tick it is asked whether the call must end.
        store.setEpochDeadline(ticks: 1)
        do {
            try store.setFuel(limits.fuel)
        } catch {
            throw fail(error)
        }
    }

    /// Calls a function within the account of the call that was begun.
    @inline(__always)
    func run(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) {
        guard !isDead, let function = try state.functions?.function(signature) else {
            throw version.error(.unavailable, "the instance ended in an earlier failure")
        }
        do {
            try slots.run(function)
        } catch {
            throw fail(error)
        }
    }

    /// What the call that was begun has used until now.
    var report: CallReport {
        // Every engine of a plugin host has fuel, so that reading it does not fail.
        let remaining = (try? store.remainingFuel) ?? 0
        return state.report(remainingFuel: remaining)
    }

    private func fail(_ error: WasmtimeError) -> PluginError {
        let failure = PluginError(error, state: state, report: report)
        self.failure = failure
        return failure
    }
}

extension PluginLimits {
    /// The part of the limits that the engine's store keeps. The engine's memory limit is per memory; that their sum stays
    /// within it, too, is in the edited module.
    var ofStore: StoreLimits {
        StoreLimits(
            memoryBytes: memory,
            tableElements: tableElements,
            instances: 1,
            tables: module.tables,
            memories: module.memories
        )
    }
}
