import Airlock
import WorkerLoop

/// The versions of one filter on one worker loop, as their lifecycle sees them.
actor FilterPool: VersionedPool {
    private let id: FilterID
    private let configuration: FilterConfiguration
    private let loop: FilterLoop
    private let quarantine: FilterQuarantine?

    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(_ id: FilterID, _ configuration: FilterConfiguration, _ quarantine: FilterQuarantine?, loop: FilterLoop) {
        self.id = id
        self.configuration = configuration
        self.loop = loop
        self.quarantine = quarantine
    }

    /// What a filter did to a stream cannot be done again on a copy of it.
    nonisolated var copiesCalls: Bool { false }

    func prepare(_ version: PluginVersion) async throws(PluginError) {
        let callbacks = try GuestCallbacks(version).allowed(configuration.allowedCapabilities)
        try await loop.prepare(
            .init(
                id: id, configuration: configuration, version: version, callbacks: callbacks,
                quarantine: quarantine))
    }

    func discardPrepared(_ version: PluginVersion) async {
        await loop.discard(id, version)
    }

    func checkIsReady(_ version: PluginVersion) async throws(PluginError) {
        try await loop.checkIsReady(id, version)
    }

    func waitingCalls(of version: PluginVersion) async -> Int {
        await loop.waitingStreams(id, version)
    }

    func adopt(_ version: PluginVersion) async {
        await loop.adopt(id, version)
    }

    func tryOut(_ version: PluginVersion, _ trial: Trial) async {
        await loop.tryOut(id, version, trial)
    }

    func endTrial() async {
        await loop.endTrial(id)
    }

    func drain(_ version: PluginVersion, within deadline: Duration) async -> Int {
        await loop.drain(id, version, within: deadline)
    }

    func stop() async {
        await loop.remove(id)
    }

    var totals: CallTotals {
        get async { await totalsByVersion.values.reduce(into: CallTotals()) { $0.add($1) } }
    }

    var totalsByVersion: [Int: CallTotals] {
        get async { await loop.totals(of: id) }
    }

    /// Filters count for themselves, when their streams end.
    func flushMeters() {}
}
