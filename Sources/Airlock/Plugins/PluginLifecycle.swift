import Synchronization
import Wasmtime
import WorkerLoop

/// The versions of one plugin: makes new ones beside the running one, and brings them into service and out of it.
///
/// New versions are made one after another, which may take long. What changes the version that serves is done in turns of their own, so that
/// a rollback does not wait for a compilation.
actor PluginLifecycle {
    nonisolated let specification: PluginSpecification
    nonisolated let signatures = GuestSignatures()
    let services: HostServices
    nonisolated let pools: [any VersionedPool]
    var source: PluginSource
    /// The number of the last version that was made.
    var number = 0
    var history: ReleaseHistory
    /// What is on disk about them.
    var record = ReleaseRecord()
    /// Whether it is to be written once more, since it could not be.
    var isUnwritten = false
    /// Writes it then.
    var writing: LoopTimer?
    /// Modules that an earlier host kept, and that this one has made no versions of yet; the one that was promoted last first.
    var recalled: [String] = []
    private var recalling: Task<Void, Never>?
    /// Modules that are kept on disk for versions that are being made.
    var inTheMaking: Set<String> = []
    /// The right to the plugin's record.
    private var claim: ReleaseStore.Claim?
    /// Ends the trial when its window has passed.
    var trialTimer: LoopTimer?
    /// The reloads that have not ended, the one in progress first.
    private var reloads: [Task<PluginVersion, any Error>] = []
    /// Whether one of them was asked for by a change of a file and has not begun, so that it will see later changes, too.
    var awaitsChange = false
    var watches: [FileWatch] = []
    /// What the source held when it was read last because it may have changed. It is not loaded again, whatever serves by now, until the
    /// source holds something else.
    private var seen: PluginVersion?
    /// Loads again what was refused when it changed.
    var retry: LoopTimer?
    var follower: FolderFollower?
    private(set) var isUnloaded = false
    private let switching = TurnLine()
    /// Changes of the record on disk: what one of them takes back is its own change.
    let recording = TurnLine()
    private nonisolated let running = Mutex<PluginVersion?>(nil)

    init(_ specification: PluginSpecification, source: PluginSource, services: HostServices, pools: [any VersionedPool])
    {
        self.specification = specification
        self.source = source
        self.services = services
        self.pools = pools
        history = ReleaseHistory(keeping: specification.reload.keptVersions)
    }

    nonisolated var name: String { specification.name }

    /// The version that serves; nil before the first load and after the plugin was unloaded.
    nonisolated var current: PluginVersion? { running.withLock { $0 } }

    /// The signature of an export that every later version must have, too.
    nonisolated func requiredSignature(_ name: String, _ type: FunctionType) throws(PluginError) -> GuestSignature {
        guard let current else { throw wasUnloaded }
        return try current.signature(name, type, isRequired: true)
    }

    // MARK: Loading

    /// Loads the first version: the one that an earlier host promoted last, or what the source holds.
    func load() async throws(PluginError) {
        claim = try specification.reload.store?.claim(name)
        if try await loadPromoted() { return }
        seen = try await reload()
    }

    /// - Returns: `false` where there is none that could be loaded.
    private func loadPromoted() async throws(PluginError) -> Bool {
        let promoted: RecalledRelease
        do throws(PluginError) {
            guard let recalled = try await recall() else { return false }
            promoted = recalled
        } catch  where error.isOfModule {
            services.events.send(.storeFailed(error), plugin: name, version: 0)
            return false
        }
        do throws(PluginError) {
            guard specification.review == nil || promoted.manifest != nil else {
                throw PluginError(
                    .manifest, plugin: name,
                    message: "the promoted version was not loaded under a policy, so that its manifest was not kept")
            }
            let earlier = record.kept.prefix(specification.reload.keptVersions)
            // What served before has lower numbers.
            number = earlier.count
            let original = source
            try await reload(from: promoted.source, recalling: promoted.manifest)
            source = original
            recalled.removeAll { $0 == record.promoted }
            // What the source holds by now is a new version, if it is another one. A refusal is an event.
            recalling = Task {
                _ = try? await self.reload(unlessSame: true)
                await self.recallKept(Array(earlier))
            }
            return true
        } catch  where error.isOfModule {
            services.events.send(.recallFailed(error), plugin: name, version: 0)
            return false
        }
    }

    /// Makes a version of the module from `source`, or from where the last one came from, and lets it take over as the strategy says. A failure
    /// changes nothing.
    /// - Parameter unlessSame: whether nothing is done where module and manifest are those of a version that serves or is about to, or that
    ///   were read the last time; and nothing is compiled where they are those of a kept one.
    @discardableResult
    func reload(
        from source: PluginSource? = nil,
        strategy: ReloadStrategy? = nil,
        unlessSame: Bool = false,
        recalling kept: KeptManifest? = nil
    ) async throws(PluginError) -> PluginVersion {
        try checkIsLoaded()
        let earlier = reloads.last
        let task = Task {
            _ = await earlier?.result
            return try await self.replace(from: source, strategy, unlessSame: unlessSame, recalling: kept)
        }
        reloads.append(task)
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        reloads.removeAll { $0 == task }
        switch result {
        case .success(let version): return version
        case .failure where isUnloaded: throw wasUnloaded
        case .failure(let error as PluginError): throw error
        case .failure(let error): throw PluginError(.invalidModule, plugin: name, message: "\(error)")
        }
    }

    private func replace(
        from newSource: PluginSource?,
        _ strategy: ReloadStrategy?,
        unlessSame: Bool,
        recalling manifest: KeptManifest?
    ) async throws(PluginError) -> PluginVersion {
        awaitsChange = false
        try checkIsLoaded()
        let began = ContinuousClock.now
        let previous = current
        let strategy = strategy ?? specification.reload.strategy
        do throws(PluginError) {
            try check(strategy)
            let known = unlessSame ? history.versions + [seen].compactMap(\.self) : []
            let kept = unlessSame ? history.kept : []
            let version = try await make(from: newSource ?? source, unlessIn: known + kept, recalling: manifest)
            if unlessSame { seen = version }
            if known.contains(where: { $0 === version }) { return version }
            if kept.contains(where: { $0 === version }) { try await prepare(version) }
            defer { inTheMaking.remove(version.digest) }
            do throws(PluginError) {
                try await inTurn { (self) async throws(PluginError) in
                    try self.checkMayServe(version)
                    try await self.begin(version, strategy, since: began)
                }
            } catch {
                await discardPrepared(version)
                throw error
            }
            source = newSource ?? source
            return version
        } catch {
            if let previous {
                services.events.send(
                    .reloadFailed(error), plugin: name, version: previous.number, duration: .now - began)
            }
            throw error
        }
    }

    /// Throws where the strategy cannot be followed.
    nonisolated func check(_ strategy: ReloadStrategy) throws(PluginError) {
        try strategy.check(plugin: name)
        guard case .shadow = strategy.kind, !pools.allSatisfy(\.copiesCalls) else { return }
        throw PluginError(
            .configuration, plugin: name,
            message:
                "the reload strategy is shadow, which is not possible here: what the plugin is called with cannot be copied"
        )
    }

    private func checkMayServe(_ version: PluginVersion) throws(PluginError) {
        try checkIsLoaded()
        try checkIsNotQuarantined(version.digest)
        // They may have been looked up while it was being made.
        try signatures.checkRequired(of: version)
    }

    func checkIsLoaded() throws(PluginError) {
        if isUnloaded { throw wasUnloaded }
    }

    nonisolated var wasUnloaded: PluginError {
        PluginError(.stopped, plugin: name, message: "the plugin was unloaded")
    }

    // MARK: Turns

    /// Does what changes the version that serves, after what others do of that kind.
    func inTurn<Value: Sendable>(
        _ body: (isolated PluginLifecycle) async throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        await switching.enter()
        defer { switching.leave() }
        return try await body(self)
    }

    /// Makes a version serve all calls that come from now on.
    func serve(_ version: PluginVersion) async {
        for pool in pools { await pool.adopt(version) }
        history.serve(version)
        running.withLock { $0 = version }
    }

    /// Stops serving and frees all instances.
    func unload() async {
        isUnloaded = true
        for watch in watches { watch.cancel() }
        watches = []
        (retry, writing) = (nil, nil)
        recalling?.cancel()
        follower = nil
        for reload in reloads { reload.cancel() }
        _ = await reloads.last?.result
        await recalling?.value
        recalling = nil
        try? await inTurn { (self) async in
            self.trialTimer = nil
            self.history.end()
            let version = self.running.withLock { $0.take() }
            guard let version else { return }
            for pool in self.pools { await pool.stop() }
            self.services.events.send(.unloaded, plugin: self.name, version: version.number)
        }
        await writeLast()
        claim = nil
    }

    // MARK: Accounts

    /// What all calls used, on all loops.
    nonisolated func totals() async -> CallTotals {
        var sum = CallTotals()
        for pool in pools { sum.add(await pool.totals) }
        return sum
    }

    /// The same, told apart by version.
    nonisolated func totalsByVersion() async -> [Int: CallTotals] {
        var sum: [Int: CallTotals] = [:]
        for pool in pools {
            for (version, totals) in await pool.totalsByVersion { sum[version, default: CallTotals()].add(totals) }
        }
        return sum
    }

    /// Takes one of the quota's places for a call, after others have ended if need be.
    nonisolated func enterQuota() async throws(PluginError) {
        guard let quota = specification.quota else { return }
        try await quota.admission.enter(
            plugin: name, version: current?.number ?? 0, quota: quota.name,
            within: specification.limits.deadline, ticker: services.ticker)
    }

    nonisolated func leaveQuota() {
        specification.quota?.admission.leave()
    }

    /// Ends a pause or a quarantine after crash loops.
    nonisolated func readmit() {
        guard let crashGuard = specification.crashGuard else { return }
        crashGuard.readmit()
        services.events.send(.readmitted, plugin: name, version: current?.number ?? 0)
    }

    nonisolated func flushMeters() async {
        for pool in pools { await pool.flushMeters() }
    }
}

extension PluginError {
    /// Whether a module that served once would be refused for good, under what holds for it now.
    fileprivate var isOfModule: Bool {
        let codes: [Code] = [
            .digestMismatch, .signatureRefused, .manifest, .quarantined,
            .invalidModule, .moduleBounds, .missingCapability, .missingExport, .signatureMismatch,
            .memory, .fuel, .trap, .exit, .abiViolation, .guestError,
        ]
        return codes.contains(code)
    }
}
