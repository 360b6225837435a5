import Wasmtime
import WorkerLoop

/// The instances of one suspendable plugin on one worker loop. Each call in flight has an instance of its own; idle ones are used again.
actor SuspendableInstancePool: VersionedPool {
    private let loop: WorkerLoop
    private let specification: PluginSpecification
    private var version: PluginVersion?
    private var idle: [SuspendableInstance] = []
    private var prepared: SuspendableInstance?
    /// Idle instances that are kept after a burst of calls. Each holds memory of the plugin's quota, which others of the group may need, so
    /// that under one that limits memory there is one, as a run-to-completion plugin has.
    private let mostIdle: Int
    private var inFlight: [ObjectIdentifier: CallStop] = [:]
    private let account: LoopAccount

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(loop: WorkerLoop, specification: PluginSpecification, events: EventHub) {
        self.loop = loop
        self.specification = specification
        mostIdle = specification.quota?.memory == nil ? 8 : 1
        account = LoopAccount(specification, events: events, countsTurns: true)
    }

    func prepare(_ version: PluginVersion) async throws(PluginError) {
        let stop = begin()
        defer { end(stop) }
        do {
            prepared = try await makeInstance(of: version, stop)
        } catch {
            account.countFailedStart(error, of: version)
            throw error
        }
    }

    /// Lets go of what was made for a version that does not take over.
    func discardPrepared() {
        prepared = nil
    }

    func adopt(_ version: PluginVersion) {
        self.version = version
        account.open(version)
        idle = if let prepared, prepared.version === version { [prepared] } else { [] }
        prepared = nil
    }

    /// Stops the calls in flight as well: what they wait for may never come.
    func stop() {
        version = nil
        idle = []
        prepared = nil
        for stop in inFlight.values { stop.stop(.unloaded) }
    }

    var totals: CallTotals { account.totals }

    var totalsByVersion: [Int: CallTotals] { account.totalsByVersion }

    func flushMeters() {
        account.flushMeters()
    }

    /// One call with limits of its own.
    func call(_ signature: GuestSignature, _ slots: inout CallSlots) async throws(PluginError) -> CallReport {
        try await serve(signature, &slots, isCommand: false).report
    }

    /// Runs a command: on an instance that has served nothing and will serve nothing else, and an exit is its end, whatever the code.
    func runCommand(_ signature: GuestSignature) async throws(PluginError) -> CallResult<UInt32> {
        var slots = CallSlots()
        return try await serve(signature, &slots, isCommand: true)
    }

    private func serve(
        _ signature: GuestSignature, _ slots: inout CallSlots, isCommand: Bool
    ) async throws(PluginError) -> CallResult<UInt32> {
        guard let version else {
            throw PluginError(
                .stopped, plugin: specification.name, message: "the plugin was unloaded or the host was shut down")
        }
        try account.checkMayBegin()
        let most = version.limits.concurrentCalls
        guard inFlight.count < most else {
            var error = version.error(.overloaded, "\(most) calls are in flight on this worker loop")
            (error.limit, error.used) = (UInt64(most), UInt64(most) + 1)
            throw error
        }
        let stop = begin()
        defer { end(stop) }
        let instance: SuspendableInstance
        do {
            let ready = isCommand ? takeUnused() : idle.popLast()
            instance = if let ready { ready } else { try await makeInstance(of: version, stop) }
        } catch {
            account.count(error, version: version.number, endedInstance: error.report != nil)
            throw account.withWait(error)
        }
        do {
            try await instance.call(signature, &slots, stop: stop)
        } catch {
            if isCommand, error.code == .exit, let code = error.exitCode, let report = error.report {
                account.count(report, version: instance.version.number)
                return CallResult(value: code, report: report)
            }
            account.count(error, version: instance.version.number, endedInstance: instance.isDead)
            if !instance.isDead { keep(instance) }
            throw account.withWait(error)
        }
        let report = instance.report
        account.count(report, version: instance.version.number)
        if !isCommand { keep(instance) }
        return CallResult(value: 0, report: report)
    }

    /// Notes work that ``stop()`` has to stop.
    private func begin() -> CallStop {
        let stop = CallStop()
        inFlight[ObjectIdentifier(stop)] = stop
        loop.beginWork()
        return stop
    }

    private func end(_ stop: CallStop) {
        inFlight[ObjectIdentifier(stop)] = nil
        loop.endWork()
    }

    private func makeInstance(of version: PluginVersion, _ stop: CallStop) async throws(PluginError)
        -> SuspendableInstance
    {
        let instance = try await SuspendableInstance(version, on: loop, account, stop: stop)
        account.countStart(instance.report)
        return instance
    }

    private func takeUnused() -> SuspendableInstance? {
        guard let index = idle.firstIndex(where: { !$0.isUsed }) else { return nil }
        return idle.remove(at: index)
    }

    private func keep(_ instance: SuspendableInstance) {
        guard instance.isReusable, instance.version === version, idle.count < mostIdle else { return }
        idle.append(instance)
    }
}
