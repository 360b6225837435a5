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
        prepared = try makeInstance(of: version)
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
            discard(instance, after: error)
            throw error
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
            discard(instance, after: error)
            throw error
        }
    }

    /// Takes the idle instance, so that a call that begins while this one runs gets another.
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
            throw error
        }
    }

    private func checkIn(_ instance: LiveInstance) -> CallReport {
        let report = instance.report
        account.count(report, version: instance.version.number)
        keep(instance)
        return report
    }

    private func discard(_ instance: LiveInstance, after error: PluginError) {
        account.count(error, version: instance.version.number, endedInstance: instance.isDead)
        if !instance.isDead { keep(instance) }
    }

    private func keep(_ instance: LiveInstance) {
        if instance.isReusable, instance.version === version { idle = instance }
    }

    private func makeInstance(of version: PluginVersion) throws(PluginError) -> LiveInstance {
        let instance = try LiveInstance(version, attachment: nil, loopTime: account.allowance, isCancellable: true)
        try instance.initialize()
        return instance
    }
}
