/// What an ``InstancePool`` holds, confined to its loop. An instance serves one call after another until it fails or has served its
/// share; a call never waits in the middle, so one instance serves the loop.
final class LoopInstances {
    /// What all calls used.
    private(set) var totals = CallTotals()
    private let meters: PluginMeters
    private let plugin: String
    private let events: EventHub
    private var version: PluginVersion?
    private var idle: LiveInstance?
    private var prepared: LiveInstance?

    init(plugin: String, events: EventHub) {
        self.plugin = plugin
        self.events = events
        meters = PluginMeters(plugin: plugin)
    }

    /// Makes and starts an instance of a version that is about to take over.
    func prepare(_ version: PluginVersion) throws(PluginError) {
        prepared = try makeInstance(of: version)
    }

    /// Makes the version serve from now on.
    func adopt(_ version: PluginVersion) {
        self.version = version
        idle = prepared?.version === version ? prepared : nil
        prepared = nil
    }

    /// Frees all instances; every later call is refused.
    func stop() {
        version = nil
        idle = nil
        prepared = nil
    }

    func flushMeters() {
        meters.flush(totals)
    }

    func call(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) -> CallReport {
        let instance = try checkOut()
        do {
            try instance.begin()
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
            try instance.begin()
            let value = try body(PluginSession(instance))
            return CallResult(value: value, report: checkIn(instance))
        } catch {
            discard(instance, after: error)
            throw error
        }
    }

    /// Takes the idle instance, so that a call that begins while this one runs gets another.
    private func checkOut() throws(PluginError) -> LiveInstance {
        if let instance = idle.take() { return instance }
        guard let version else {
            throw PluginError(.stopped, plugin: plugin, message: "the plugin was unloaded or the host was shut down")
        }
        return try makeInstance(of: version)
    }

    private func checkIn(_ instance: LiveInstance) -> CallReport {
        let report = instance.report
        count(report)
        keep(instance)
        return report
    }

    private func count(_ report: CallReport) {
        // In and out: an access that lasts as long as the addition would be checked at run time.
        var sum = totals
        sum.add(report)
        totals = sum
    }

    private func discard(_ instance: LiveInstance, after error: PluginError) {
        if let report = error.report { count(report) }
        meters.count(error)
        guard instance.isDead else { return keep(instance) }
        events.send(.instanceDiscarded(error), plugin: plugin, version: instance.version.number)
    }

    private func keep(_ instance: LiveInstance) {
        if instance.isReusable, instance.version === version { idle = instance }
    }

    private func makeInstance(of version: PluginVersion) throws(PluginError) -> LiveInstance {
        let instance = try LiveInstance(version, attachment: nil)
        try instance.initialize()
        return instance
    }
}
