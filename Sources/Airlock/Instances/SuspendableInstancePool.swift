import Synchronization
import Wasmtime
import WorkerLoop

/// The instances of one suspendable plugin on one worker loop. Each call in flight has an instance of its own; idle ones are used again.
actor SuspendableInstancePool: VersionedPool {
    private let loop: WorkerLoop
    private let specification: PluginSpecification
    private var version: PluginVersion?
    private var idle: [SuspendableInstance] = []
    private var prepared: [SuspendableInstance] = []
    private var candidate: Candidate?
    /// Idle instances that are kept after a burst of calls. Each holds memory of the plugin's quota, which others of the group may need, so
    /// that under one that limits memory there is one, as a run-to-completion plugin has.
    private let mostIdle: Int
    private var inFlight: [ObjectIdentifier: Work] = [:]
    /// How many calls of each version are among them.
    private var calls: [ObjectIdentifier: Int] = [:]
    private var drains: [Drain] = []
    private let account: LoopAccount

    /// A version that is being tried.
    private struct Candidate {
        var version: PluginVersion
        var trial: Trial
        var idle: [SuspendableInstance]
        /// Copies of calls that run.
        var copies = 0
    }

    /// A call, a copy of one, or an instance that is being made.
    private struct Work {
        var stop: CallStop
        var version: PluginVersion
        var isCall: Bool
    }

    /// Who waits for what ran on a version at some moment.
    private struct Drain {
        var work: Set<ObjectIdentifier>
        var continuation: CheckedContinuation<Void, Never>
    }

    /// Copies of calls that run at the most. A version that is slower than the running one gets fewer.
    private static let mostCopies = 16

    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(loop: WorkerLoop, specification: PluginSpecification, events: EventHub) {
        self.loop = loop
        self.specification = specification
        mostIdle = specification.quota?.memory == nil ? 8 : 1
        account = LoopAccount(specification, events: events, countsTurns: true)
    }

    nonisolated var copiesCalls: Bool { true }

    func prepare(_ version: PluginVersion) async throws(PluginError) {
        let stop = begin(version, isCall: false)
        defer { end(stop) }
        let instance: SuspendableInstance
        do {
            instance = try await makeInstance(of: version, stop)
        } catch {
            account.countFailedStart(error, of: version)
            throw error
        }
        if let probe = specification.reload.suspendableProbe { try await self.probe(instance, stop, probe) }
        prepared.append(instance)
    }

    private func probe(
        _ instance: SuspendableInstance, _ stop: CallStop, _ probe: ReloadPolicy.SuspendableProbe
    ) async throws(PluginError) {
        let probed = ProbedInstance(instance, stop: stop, account)
        do throws(PluginError) {
            try await probe(probed, instance.version)
            if let failure = probed.failure { throw failure }
        } catch {
            var error = error
            error.plugin = specification.name
            error.version = instance.version.number
            throw error
        }
    }

    /// Lets go of what was made for a version that does not serve.
    func discardPrepared(_ version: PluginVersion) {
        prepared.removeAll { $0.version === version }
    }

    private func takePrepared(_ version: PluginVersion) -> [SuspendableInstance] {
        defer { discardPrepared(version) }
        return prepared.filter { $0.version === version && $0.isReusable }
    }

    func adopt(_ version: PluginVersion) {
        let tried = candidate.flatMap { $0.version === version ? $0.idle : nil } ?? []
        candidate = nil
        self.version = version
        account.open(version)
        idle = tried + takePrepared(version)
    }

    func tryOut(_ version: PluginVersion, _ trial: Trial) {
        account.track(version)
        candidate = Candidate(version: version, trial: trial, idle: takePrepared(version))
    }

    func endTrial() {
        candidate = nil
        account.endTrial()
    }

    func finishCalls(of version: PluginVersion) async {
        await finish(work(on: version))
    }

    /// Waits for the calls that are in flight now. Those of a version that serves again when the deadline has passed go on.
    func drain(_ version: PluginVersion, within deadline: Duration) async -> Int {
        let work = work(on: version)
        let stopped = Mutex(0)
        let timer = try? loop.schedule(after: deadline) { [weak self] in
            self?.assumeIsolated { pool in stopped.withLock { $0 = pool.stop(work, of: version) } }
        }
        await finish(work)
        timer?.cancel()
        return stopped.withLock { $0 }
    }

    private func work(on version: PluginVersion) -> Set<ObjectIdentifier> {
        Set(inFlight.filter { $0.value.version === version }.keys)
    }

    private func finish(_ work: Set<ObjectIdentifier>) async {
        await withCheckedContinuation { continuation in
            // Some of it may have ended on the way here.
            let rest = work.intersection(inFlight.keys)
            guard !rest.isEmpty else { return continuation.resume() }
            drains.append(Drain(work: rest, continuation: continuation))
        }
    }

    private func stop(_ work: Set<ObjectIdentifier>, of version: PluginVersion) -> Int {
        guard version !== self.version, version !== candidate?.version else { return 0 }
        let late = work.compactMap { inFlight[$0] }
        for work in late { work.stop.stop(.replaced) }
        return late.count
    }

    /// Stops the calls in flight as well: what they wait for may never come.
    func stop() {
        version = nil
        idle = []
        prepared = []
        candidate = nil
        for work in inFlight.values { work.stop.stop(.unloaded) }
    }

    var totals: CallTotals { account.totals }

    var totalsByVersion: [Int: CallTotals] { account.totalsByVersion }

    func flushMeters() {
        account.flushMeters()
    }

    /// One call with limits of its own.
    func call(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) async throws(PluginError) -> CallReport {
        guard let version else { throw wasUnloaded }
        guard let candidate, candidate.trial.takes(key) else {
            return try await serve(signature, &slots, on: version, isCommand: false).report
        }
        let arguments = slots
        if candidate.trial.isShadow {
            do {
                let report = try await serve(signature, &slots, on: version, isCommand: false).report
                copy(signature, arguments, .result(slots.result(signature)))
                return report
            } catch {
                // A copy of what was cancelled or refused would say nothing of the version.
                if error.countsAsCrash, error.report != nil { copy(signature, arguments, .error(error.code)) }
                throw error
            }
        }
        do {
            let report = try await serve(signature, &slots, on: candidate.version, isCommand: false).report
            candidate.trial.note(nil)
            return report
        } catch {
            guard candidate.trial.makesAgain(error), let version = self.version else {
                candidate.trial.note(error)
                throw error
            }
            slots = arguments
            do throws(PluginError) {
                let report = try await serve(signature, &slots, on: version, isCommand: false).report
                candidate.trial.note(error, madeAgain: nil)
                return report
            } catch let second {
                candidate.trial.note(error, madeAgain: second)
                throw second
            }
        }
    }

    /// Runs a command: on an instance that has served nothing and will serve nothing else, and an exit is its end, whatever the code. It is
    /// neither made again nor copied.
    func runCommand(
        _ signature: GuestSignature, routedBy key: RoutingKey?
    ) async throws(PluginError) -> CallResult<UInt32> {
        var slots = CallSlots()
        guard let version else { throw wasUnloaded }
        guard let candidate, !candidate.trial.isShadow, candidate.trial.takes(key) else {
            return try await serve(signature, &slots, on: version, isCommand: true)
        }
        do {
            let result = try await serve(signature, &slots, on: candidate.version, isCommand: true)
            candidate.trial.note(nil)
            return result
        } catch {
            candidate.trial.note(error)
            throw error
        }
    }

    /// Runs a copy of a call on the version that is being tried.
    private func copy(_ signature: GuestSignature, _ arguments: CallSlots, _ outcome: CandidateInstances.Outcome) {
        guard let candidate, candidate.copies < Self.mostCopies else { return }
        self.candidate?.copies += 1
        Task {
            var slots = arguments
            do throws(PluginError) {
                _ = try await serve(signature, &slots, on: candidate.version, isCommand: false, isCopy: true)
                candidate.trial.note(nil, differs: .result(slots.result(signature)) != outcome)
            } catch {
                candidate.trial.note(error, differs: .error(error.code) != outcome)
            }
            if self.candidate?.version === candidate.version { self.candidate?.copies -= 1 }
        }
    }

    private var wasUnloaded: PluginError {
        PluginError(.stopped, plugin: specification.name, message: "the plugin was unloaded or the host was shut down")
    }

    private func serve(
        _ signature: GuestSignature, _ slots: inout CallSlots, on version: PluginVersion, isCommand: Bool,
        isCopy: Bool = false
    ) async throws(PluginError) -> CallResult<UInt32> {
        try account.checkMayBegin(of: version)
        let most = version.limits.concurrentCalls
        guard isCopy || calls[ObjectIdentifier(version), default: 0] < most else {
            var error = version.error(.overloaded, "\(most) calls are in flight on this worker loop")
            (error.limit, error.used) = (UInt64(most), UInt64(most) + 1)
            throw error
        }
        let stop = begin(version, isCall: !isCopy)
        defer { end(stop) }
        let instance: SuspendableInstance
        do {
            let ready = takeIdle(of: version, isUnused: isCommand)
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

    /// Notes work that ``stop()`` has to stop, and ``drain(_:within:)`` to wait for.
    private func begin(_ version: PluginVersion, isCall: Bool) -> CallStop {
        let stop = CallStop()
        inFlight[ObjectIdentifier(stop)] = Work(stop: stop, version: version, isCall: isCall)
        if isCall { calls[ObjectIdentifier(version), default: 0] += 1 }
        loop.beginWork()
        return stop
    }

    private func end(_ stop: CallStop) {
        let id = ObjectIdentifier(stop)
        let work = inFlight.removeValue(forKey: id)
        loop.endWork()
        if let work, work.isCall {
            let left = calls[ObjectIdentifier(work.version), default: 1] - 1
            calls[ObjectIdentifier(work.version)] = left > 0 ? left : nil
        }
        guard !drains.isEmpty else { return }
        for index in drains.indices { drains[index].work.remove(id) }
        let done = drains.filter(\.work.isEmpty)
        drains.removeAll(where: \.work.isEmpty)
        for drain in done { drain.continuation.resume() }
    }

    private func makeInstance(of version: PluginVersion, _ stop: CallStop) async throws(PluginError)
        -> SuspendableInstance
    {
        let instance = try await SuspendableInstance(version, on: loop, account, stop: stop)
        account.countStart(instance.report, of: version)
        return instance
    }

    private func takeIdle(of version: PluginVersion, isUnused: Bool) -> SuspendableInstance? {
        func take(_ idle: inout [SuspendableInstance]) -> SuspendableInstance? {
            guard let index = idle.lastIndex(where: { !isUnused || !$0.isUsed }) else { return nil }
            return idle.remove(at: index)
        }
        if version === self.version { return take(&idle) }
        guard var candidate, candidate.version === version else { return nil }
        defer { self.candidate = candidate }
        return take(&candidate.idle)
    }

    private func keep(_ instance: SuspendableInstance) {
        guard instance.isReusable else { return }
        if instance.version === version, idle.count < mostIdle {
            idle.append(instance)
        } else if let candidate, instance.version === candidate.version, candidate.idle.count < mostIdle {
            self.candidate?.idle.append(instance)
        }
    }
}
