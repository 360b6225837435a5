/// What an ``InstancePool`` holds, confined to its loop. An instance serves one call after another until it fails or has served its
/// share; a call never waits in the middle, so one instance of a version serves the loop.
final class LoopInstances {
    /// What all calls used.
    let account: LoopAccount
    private let plugin: String
    private var version: PluginVersion?
    private var idle: LiveInstance?
    private var prepared: [LiveInstance] = []
    private let probe: ReloadPolicy.Probe?
    private let handover: StateHandover
    private let events: EventHub
    private var candidate: CandidateInstances?

    init(_ specification: PluginSpecification, events: EventHub) {
        plugin = specification.name
        probe = specification.reload.probe
        handover = StateHandover(limit: specification.reload.stateBytes)
        self.events = events
        account = LoopAccount(specification, events: events)
    }

    /// Makes, starts and probes an instance of a version that is to serve.
    func prepare(_ version: PluginVersion) throws(PluginError) {
        do {
            let instance = try makeInstance(of: version)
            if let probe { try self.probe(instance, probe) }
            prepared.append(instance)
        } catch {
            account.countFailedStart(error, of: version)
            throw error
        }
    }

    private func probe(_ instance: LiveInstance, _ probe: ReloadPolicy.Probe) throws(PluginError) {
        do throws(PluginError) {
            try instance.begin(loopTime: account.startAllowance)
            try probe(PluginSession(instance), instance.version)
            if let failure = instance.failure { throw failure }
        } catch {
            var error = error
            error.plugin = plugin
            error.version = instance.version.number
            if error.report == nil { error.report = instance.report }
            throw error
        }
        account.countStart(instance.report, of: instance.version)
    }

    /// Lets go of what was made for a version that does not serve.
    func discardPrepared(_ version: PluginVersion) {
        prepared.removeAll { $0.version === version }
    }

    private func takePrepared(_ version: PluginVersion) -> LiveInstance? {
        defer { discardPrepared(version) }
        return prepared.first { $0.version === version && $0.isReusable }
    }

    /// Makes the version serve all calls from now on.
    func adopt(_ version: PluginVersion) {
        let tried = candidate?.version === version ? candidate?.idle : nil
        candidate = nil
        let old = idle
        self.version = version
        account.open(version)
        let fresh = takePrepared(version)
        idle = fresh ?? tried
        if let old, let fresh, !old.version.isBanned { handOver(from: old, to: fresh) }
    }

    /// Hands the state of the version that was replaced to the one that serves.
    private func handOver(from old: LiveInstance, to new: LiveInstance) {
        do throws(PluginError) {
            let saved = try charged(to: old) { () throws(PluginError) in
                try handover.save(old, loopTime: account.startAllowance)
            }
            guard let state = saved else { return }
            do throws(PluginError) {
                try charged(to: new) { () throws(PluginError) in
                    try handover.restore(state, to: new, loopTime: account.startAllowance)
                }
            } catch {
                // It may have taken a part of it. The next call gets another one.
                idle = nil
                throw error
            }
            events.send(.stateRestored(bytes: state.bytes.count), plugin: plugin, version: new.version.number)
        } catch {
            events.send(.stateLost(error), plugin: plugin, version: new.version.number)
        }
    }

    /// Charges what an instance uses that is no call, whether it fails or not.
    private func charged<Value>(
        to instance: LiveInstance, _ body: () throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        do {
            let value = try body()
            account.countStart(instance.report, of: instance.version)
            return value
        } catch {
            account.countFailedStart(error, of: instance.version)
            throw error
        }
    }

    /// Gives the version a share of the calls, or copies of them.
    /// - Parameter wake: asks for ``runCopy()`` when the loop has time.
    func tryOut(_ version: PluginVersion, _ trial: Trial, wake: @escaping () -> Void) {
        account.track(version)
        candidate = CandidateInstances(version, trial, idle: takePrepared(version), wake: wake)
    }

    func endTrial() {
        candidate = nil
        account.endTrial()
    }

    /// Runs a copy of a call that waits for it.
    func runCopy() {
        guard let candidate, let copy = candidate.nextCopy() else { return }
        var slots = copy.arguments
        do throws(PluginError) {
            try run(copy.signature, &slots, checkOut(of: candidate), loopTime: account.allowance(of: candidate.version))
            candidate.trial.note(nil, differs: .result(slots.result(copy.signature)) != copy.outcome)
        } catch {
            candidate.trial.note(error, differs: .error(error.code) != copy.outcome)
        }
    }

    /// Frees all instances; every later call is refused.
    func stop() {
        version = nil
        idle = nil
        prepared = []
        candidate = nil
    }

    @inline(__always)
    func call(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) throws(PluginError) -> CallReport {
        guard candidate == nil else { return try callDuringTrial(signature, routedBy: key, &slots) }
        return try run(signature, &slots, checkOut(), loopTime: account.allowance)
    }

    @inline(__always)
    @discardableResult
    private func run(
        _ signature: GuestSignature, _ slots: inout CallSlots, _ instance: LiveInstance, loopTime: Int64
    ) throws(PluginError) -> CallReport {
        do {
            try instance.begin(loopTime: loopTime)
            try instance.run(signature, &slots)
        } catch {
            throw discard(instance, after: error)
        }
        return checkIn(instance)
    }

    @inline(never)
    private func callDuringTrial(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) throws(PluginError) -> CallReport {
        guard let candidate, candidate.trial.takes(key) else { return try serve(signature, &slots) }
        let arguments = slots
        if candidate.trial.isShadow { return try callWithCopy(signature, &slots, candidate) }
        do {
            let report = try run(
                signature, &slots, checkOut(of: candidate), loopTime: account.allowance(of: candidate.version))
            candidate.trial.note(nil)
            return report
        } catch {
            guard candidate.trial.makesAgain(error) else {
                candidate.trial.note(error)
                throw error
            }
            slots = arguments
            do throws(PluginError) {
                let report = try serve(signature, &slots)
                candidate.trial.note(error, madeAgain: nil)
                return report
            } catch let second {
                candidate.trial.note(error, madeAgain: second)
                throw second
            }
        }
    }

    private func serve(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) -> CallReport {
        try run(signature, &slots, checkOut(), loopTime: account.allowance)
    }

    private func callWithCopy(
        _ signature: GuestSignature, _ slots: inout CallSlots, _ candidate: CandidateInstances
    ) throws(PluginError) -> CallReport {
        let arguments = slots
        do {
            let report = try serve(signature, &slots)
            candidate.append(
                .init(signature: signature, arguments: arguments, outcome: .result(slots.result(signature))))
            return report
        } catch {
            // A copy of what was cancelled or refused would say nothing of the version.
            if error.countsAsCrash, error.report != nil {
                candidate.append(.init(signature: signature, arguments: arguments, outcome: .error(error.code)))
            }
            throw error
        }
    }

    /// A session that has begun is not made again, nor copied: what its body did cannot be undone.
    func withSession<Value: Sendable>(
        routedBy key: RoutingKey?,
        _ body: @Sendable (borrowing PluginSession) throws(PluginError) -> Value
    ) throws(PluginError) -> CallResult<Value> {
        guard let candidate, !candidate.trial.isShadow, candidate.trial.takes(key) else {
            return try withSession(checkOut(), loopTime: account.allowance, body)
        }
        let instance: LiveInstance
        do {
            instance = try checkOut(of: candidate)
        } catch {
            candidate.trial.note(error)
            guard candidate.trial.makesAgain(error) else { throw error }
            return try withSession(checkOut(), loopTime: account.allowance, body)
        }
        do {
            let result = try withSession(instance, loopTime: account.allowance(of: candidate.version), body)
            // Its body may have gone on after a failure.
            candidate.trial.note(instance.failure)
            return result
        } catch {
            candidate.trial.note(error)
            throw error
        }
    }

    private func withSession<Value: Sendable>(
        _ instance: LiveInstance,
        loopTime: Int64,
        _ body: @Sendable (borrowing PluginSession) throws(PluginError) -> Value
    ) throws(PluginError) -> CallResult<Value> {
        do {
            try instance.begin(loopTime: loopTime)
            let value = try body(PluginSession(instance))
            return CallResult(value: value, report: checkIn(instance))
        } catch {
            throw discard(instance, after: error)
        }
    }

    /// Takes the idle instance, so that a call that begins while this one runs gets another.
    @inline(__always)
    private func checkOut() throws(PluginError) -> LiveInstance {
        try account.checkMayBegin()
        if let instance = idle.take() { return instance }
        guard let version else {
            throw PluginError(.stopped, plugin: plugin, message: "the plugin was unloaded or the host was shut down")
        }
        return try makeInstanceForCall(of: version)
    }

    /// Takes the idle instance of the version that is being tried.
    private func checkOut(of candidate: CandidateInstances) throws(PluginError) -> LiveInstance {
        try account.checkMayBegin(of: candidate.version)
        if let instance = candidate.idle.take() { return instance }
        return try makeInstanceForCall(of: candidate.version)
    }

    private func makeInstanceForCall(of version: PluginVersion) throws(PluginError) -> LiveInstance {
        do {
            return try makeInstance(of: version)
        } catch {
            account.count(error, version: version.number, endedInstance: error.report != nil)
            throw account.withWait(error)
        }
    }

    @inline(__always)
    private func checkIn(_ instance: LiveInstance) -> CallReport {
        let report = instance.report
        if instance.isDead, let failure = instance.failure {
            // The session went on after what ended its instance.
            _ = discard(instance, after: failure)
        } else {
            account.count(report, version: instance.version.number)
            keep(instance)
        }
        return report
    }

    /// Counts a call that failed. Returns the error with what the call used.
    private func discard(_ instance: LiveInstance, after error: PluginError) -> PluginError {
        var error = error
        // An error of the host's own, such as one of a session's body.
        if error.report == nil { error.report = instance.report }
        account.count(error, version: instance.version.number, endedInstance: instance.isDead)
        if !instance.isDead { keep(instance) }
        return account.withWait(error)
    }

    @inline(__always)
    private func keep(_ instance: LiveInstance) {
        guard instance.isReusable else { return }
        if instance.version === version {
            idle = instance
        } else if let candidate, instance.version === candidate.version {
            candidate.idle = instance
        }
    }

    private func makeInstance(of version: PluginVersion) throws(PluginError) -> LiveInstance {
        let instance = try LiveInstance(version, attachment: nil, loopTime: account.startAllowance, isCancellable: true)
        try instance.initialize()
        account.countStart(instance.report, of: version)
        return instance
    }
}
