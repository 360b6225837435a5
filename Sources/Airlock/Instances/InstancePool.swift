import WorkerLoop

/// The instances of one run-to-completion plugin on one worker loop.
actor InstancePool: VersionedPool {
    private let loop: WorkerLoop
    // Touched on the loop's thread only: by this actor, whose executor is the loop, and by `callHere`, which checks the thread.
    private nonisolated(unsafe) let instances: LoopInstances

    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(loop: WorkerLoop, specification: PluginSpecification, events: EventHub) {
        self.loop = loop
        unsafe instances = LoopInstances(specification, events: events)
    }

    nonisolated var copiesCalls: Bool { true }

    nonisolated var handsOverState: Bool { true }

    func prepare(_ version: PluginVersion) throws(PluginError) {
        try unsafe instances.prepare(version)
    }

    func discardPrepared(_ version: PluginVersion) {
        unsafe instances.discardPrepared(version)
    }

    func adopt(_ version: PluginVersion) {
        unsafe instances.adopt(version)
    }

    func tryOut(_ version: PluginVersion, _ trial: Trial) {
        unsafe instances.tryOut(version, trial) { [weak self, loop] in
            loop.submit { [weak self] in self?.assumeIsolated { unsafe $0.instances.runCopy() } }
        }
    }

    func endTrial() {
        unsafe instances.endTrial()
    }

    /// A call never waits, so that none is in flight when this runs.
    func drain(_ version: PluginVersion, within deadline: Duration) -> Int { 0 }

    func stop() {
        unsafe instances.stop()
    }

    var totals: CallTotals { unsafe instances.account.totals }

    var totalsByVersion: [Int: CallTotals] { unsafe instances.account.totalsByVersion }

    func flushMeters() {
        unsafe instances.account.flushMeters()
    }

    /// One call with limits of its own.
    func call(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) throws(PluginError) -> CallReport {
        try unsafe instances.call(signature, routedBy: key, &slots)
    }

    /// The same where this runs on the pool's loop already, without a turn of the executor; nil elsewhere.
    nonisolated func callHere(
        _ signature: GuestSignature, routedBy key: RoutingKey?, _ slots: inout CallSlots
    ) throws(PluginError) -> CallReport? {
        guard loop.isCurrent else { return nil }
        return try unsafe instances.call(signature, routedBy: key, &slots)
    }

    /// Several calls and accesses to memory under the limits of one call.
    func withSession<Value: Sendable>(
        routedBy key: RoutingKey?,
        _ body: @Sendable (borrowing PluginSession) throws(PluginError) -> Value
    ) throws(PluginError) -> CallResult<Value> {
        try unsafe instances.withSession(routedBy: key, body)
    }
}
