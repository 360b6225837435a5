import Wasmtime
import WorkerLoop

/// An instance whose calls may wait for host functions and give way to others. It serves one call at a time; the first failure ends
/// it. Confined to the worker loop that made it.
final class SuspendableInstance {
    let state: InstanceState
    private(set) var isDead = false
    private var calls = 0
    private let loop: WorkerLoop
    private let store: AsyncStore<InstanceState>
    private let reservation: InstanceReservation
    private let account: LoopAccount

    var version: PluginVersion { state.version }

    /// Makes the instance; its start section and a WASI reactor's initialiser run under the fuel and the deadline of a call.
    /// - Parameters:
    ///   - account: is charged at each turn, and asked whether there may be another one.
    ///   - stop: stops it from outside.
    init(
        _ version: PluginVersion, on loop: WorkerLoop, _ account: LoopAccount, stop: CallStop
    ) async throws(PluginError) {
        guard case .suspendable(let linked) = version.linked else {
            throw version.error(.configuration, "the plugin was loaded to run to completion")
        }
        self.loop = loop
        self.account = account
        reservation = try InstanceReservation(version)
        state = InstanceState(version, attachment: nil, isCancellable: true)
        store = AsyncStore(engine: version.engine, host: state, taskExecutor: loop.taskExecutor)
        store.setLimits(version.limits.ofStore)
        // Each tick of the epoch another plugin on this loop gets its turn.
        store.setEpochYield(everyTicks: 1)
        store.setTurnCheck { [account, state, number = version.number] turn, sum in
            account.countTurn(turn, of: number, ofStart: state.isStarting ? sum : nil)
        }
        let timer = try begin(stop)
        defer { timer.cancel() }
        do {
            let instance = try await store.instantiate(linked, stop: stop)
            state.memories = InstanceMemories(version.hostExports, memory: instance.memory, global: instance.global)
            state.suspendableFunctions = InstanceFunctions(of: version, find: instance.rawFunction)
        } catch {
            throw fail(error)
        }
        for function in [try state.suspendableFunctions?.start(), try state.suspendableFunctions?.initializer()] {
            guard let function else { continue }
            var slots = CallSlots()
            try await run(function, &slots, stop)
        }
        state.isStarting = false
    }

    deinit {
        // Both hold the store, which holds the state.
        state.memories = InstanceMemories()
        state.suspendableFunctions = nil
    }

    /// Whether it can serve another call under its limits.
    var isReusable: Bool { !isDead && calls < version.limits.callsPerInstance }

    /// Whether it has served a call.
    var isUsed: Bool { calls > 0 }

    /// Calls a function as a call of its own; suspends while a host function of it waits.
    func call(_ signature: GuestSignature, _ slots: inout CallSlots, stop: CallStop) async throws(PluginError) {
        guard !isDead, let function = try state.suspendableFunctions?.function(signature) else {
            throw version.error(.unavailable, "the instance ended in an earlier failure")
        }
        calls += 1
        let timer = try begin(stop)
        defer {
            timer.cancel()
            state.dropCallValues()
        }
        try await run(function, &slots, stop)
    }

    /// Starts a call's account: full fuel, nothing used, and a timer for the deadline.
    private func begin(_ stop: CallStop) throws(PluginError) -> LoopTimer {
        state.begin(loopTime: state.isStarting ? account.startAllowance : account.allowance(of: version))
        store.busyTime = .zero
        do {
            try store.setFuel(version.limits.fuel)
        } catch {
            throw fail(error)
        }
        // Both: the timer wakes a guest that waits, but has to wait itself while guests compute.
        stop.stop(.deadline, at: .now + version.limits.deadline)
        do {
            return try loop.schedule(after: version.limits.deadline) { stop.stop(.deadline) }
        } catch {
            throw version.error(.stopped, "the host was shut down: \(error)")
        }
    }

    private func run(_ function: AsyncRawFunction, _ slots: inout CallSlots, _ stop: CallStop) async throws(PluginError)
    {
        do {
            try await slots.run(function, stop: stop)
        } catch {
            throw fail(error)
        }
    }

    private func fail(_ error: WasmtimeError) -> PluginError {
        isDead = true
        return PluginError(error, state: state, report: report)
    }

    /// What the last call used.
    var report: CallReport {
        // Every engine of a plugin host has fuel, so that reading it does not fail.
        let remaining = (try? store.remainingFuel) ?? 0
        return state.report(remainingFuel: remaining, loopTime: store.busyTime)
    }
}
