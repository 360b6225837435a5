import WorkerLoop

/// The instances of one run-to-completion plugin on one worker loop. An instance serves one call after another until it fails or
/// has served its share; a call never waits in the middle, so one instance serves the loop.
actor InstancePool: VersionedPool {
    private let loop: WorkerLoop
    private let plugin: String
    private let events: EventHub
    private var version: PluginVersion?
    private var idle: LiveInstance?
    private var prepared: LiveInstance?
    private var meters: PluginMeters

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(loop: WorkerLoop, plugin: String, events: EventHub) {
        self.loop = loop
        self.plugin = plugin
        self.events = events
        meters = PluginMeters(plugin: plugin)
    }

    func prepare(_ version: PluginVersion) throws(PluginError) {
        prepared = try makeInstance(of: version)
    }

    func adopt(_ version: PluginVersion) {
        self.version = version
        idle = prepared?.version === version ? prepared : nil
        prepared = nil
    }

    func stop() {
        version = nil
        idle = nil
        prepared = nil
    }

    var totals: CallTotals { meters.totals }

    func flushMeters() {
        meters.flush()
    }

    /// One call with limits of its own.
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

    /// The same from code that runs on the pool's loop already, without a turn of the executor. Elsewhere it ends the process, as
    /// `assumeIsolated` does.
    nonisolated func callOnLoop(_ signature: GuestSignature, _ slots: inout CallSlots) throws(PluginError) -> CallReport
    {
        let outcome = assumeIsolated { pool -> Result<CallReport, PluginError> in
            do throws(PluginError) {
                return .success(try pool.call(signature, &slots))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Several calls and accesses to memory under the limits of one call.
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

    private func checkOut() throws(PluginError) -> LiveInstance {
        if let instance = idle {
            idle = nil
            return instance
        }
        guard let version else {
            throw PluginError(.stopped, plugin: plugin, message: "the plugin was unloaded or the host was shut down")
        }
        return try makeInstance(of: version)
    }

    private func checkIn(_ instance: LiveInstance) -> CallReport {
        let report = instance.report
        meters.count(report)
        keep(instance)
        return report
    }

    private func discard(_ instance: LiveInstance, after error: PluginError) {
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
