/// What an ``InstancePool`` holds, confined to its loop. An instance serves one call after another until it fails or has served its
/// share; a call never waits in the middle, so one instance serves the loop.
final class LoopInstances {
    /// What all calls used.
    let account: LoopAccount
    private let plugin: String
    private var version: PluginVersion?
    private var idle: LiveInstance?
    private var prepared: LiveInstance?

    init(_ specification: PluginSpecification, events: EventHub) {
        plugin = specification.name
        account = LoopAccount(specification, events: events)
    }

    /// Makes and starts an instance of a version that is about to take over.
    func prepare(_ version: PluginVersion) throws(PluginError) {
        do {
            prepared = try makeInstance(of: version)
        } catch {
            account.countFailedStart(error, of: version)
            throw error
        }
    }

    /// Lets go of what was made for a version that does not take over.
    func discardPrepared() {
        prepared = nil
    }

    /// Makes the version serve from now on.
    func adopt(_ version: PluginVersion) {
        self.version = version
        account.open(version)
        idle = prepared?.version === version ? prepared : nil
        prepared = nil
    }

    /// Frees all instances; every later call is refused.
    func stop() {
        version = nil
        idle = nil
        prepared = nil
    }

    func call(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) -> CallReport {
        let instance = try checkOut()
        do {
            try instance.begin(loopTime: account.allowance)
            try instance.run(signature, &slots)
        } catch {
            throw discard(instance, after: error)
        }
        return checkIn(instance)
    }

    func withSession<Value: Sendable>(
        _ body: @Sendable (borrowing PluginSession) throws(PluginError) -> Value
    ) throws(PluginError) -> CallResult<Value> {
        let instance = try checkOut()
        do {
            try instance.begin(loopTime: account.allowance)
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
        if instance.isReusable, instance.version === version { idle = instance }
    }

    private func makeInstance(of version: PluginVersion) throws(PluginError) -> LiveInstance {
        let instance = try LiveInstance(version, attachment: nil, loopTime: account.startAllowance, isCancellable: true)
        try instance.initialize()
        account.countStart(instance.report)
        return instance
    }
}
