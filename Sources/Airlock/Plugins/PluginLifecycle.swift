import Synchronization
import Wasmtime
import WorkerLoop

/// The versions of one plugin: makes a new one beside the running one, and lets it take over. Reloads come one after another.
actor PluginLifecycle {
    /// A step of the plugin's own that a new version must pass before it takes over.
    typealias Start = @Sendable (PluginVersion) async throws(PluginError) -> Void

    nonisolated let specification: PluginSpecification
    nonisolated let signatures = GuestSignatures()
    private let services: HostServices
    private nonisolated let pools: [any VersionedPool]
    private var source: PluginSource
    private var number = 0
    /// The reloads that have not ended, the one in progress first.
    private var reloads: [Task<PluginVersion, any Error>] = []
    /// Whether one of them was asked for by a change of a file and has not begun, so that it will see later changes, too.
    private var awaitsChange = false
    private var watches: [FileWatch] = []
    private var isUnloaded = false
    private nonisolated let running = Mutex<PluginVersion?>(nil)

    init(_ specification: PluginSpecification, source: PluginSource, services: HostServices, pools: [any VersionedPool])
    {
        self.specification = specification
        self.source = source
        self.services = services
        self.pools = pools
    }

    /// The version that serves; nil before the first load and after the plugin was unloaded.
    nonisolated var current: PluginVersion? { running.withLock { $0 } }

    /// The signature of an export that every later version must have, too.
    nonisolated func requiredSignature(_ name: String, _ type: FunctionType) throws(PluginError) -> GuestSignature {
        guard let current else {
            throw PluginError(.stopped, plugin: specification.name, message: "the plugin was unloaded")
        }
        return try current.signature(name, type, isRequired: true)
    }

    /// Loads the module from `source`, or from where the last one came from, and lets it take over. A failure changes nothing.
    /// - Parameter unlessSame: whether nothing is done where module and manifest are those of the running version.
    func reload(
        from source: PluginSource?,
        start: Start?,
        unlessSame: Bool = false
    ) async throws(PluginError) -> PluginVersion {
        try checkIsLoaded()
        let earlier = reloads.last
        let task = Task {
            _ = await earlier?.result
            return try await self.replace(from: source, start: start, unlessSame: unlessSame)
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
        case .failure(let error):
            throw PluginError(.invalidModule, plugin: specification.name, message: "\(error)")
        }
    }

    private func checkIsLoaded() throws(PluginError) {
        if isUnloaded { throw wasUnloaded }
    }

    private var wasUnloaded: PluginError {
        PluginError(.stopped, plugin: specification.name, message: "the plugin was unloaded")
    }

    private func replace(
        from newSource: PluginSource?,
        start: Start?,
        unlessSame: Bool
    ) async throws(PluginError) -> PluginVersion {
        awaitsChange = false
        try checkIsLoaded()
        let began = ContinuousClock.now
        let previous = current
        do {
            let version = try await makeVersion(from: newSource ?? source, unless: unlessSame ? previous : nil)
            if version === previous { return version }
            try signatures.checkRequired(of: version)
            if let start {
                try await start(version)
            } else {
                for pool in pools { try await pool.prepare(version) }
            }
            specification.crashGuard?.readmit()
            for pool in pools { await pool.adopt(version) }
            running.withLock { $0 = version }
            source = newSource ?? source
            services.events.send(
                previous.map { .reloaded(previous: $0.number) } ?? .loaded,
                plugin: specification.name,
                version: version.number,
                duration: .now - began
            )
            return version
        } catch {
            for pool in pools { await pool.discardPrepared() }
            if let previous {
                services.events.send(
                    .reloadFailed(error),
                    plugin: specification.name,
                    version: previous.number,
                    duration: .now - began
                )
            }
            throw error
        }
    }

    /// - Parameter same: a version that is returned where module and manifest are the same.
    private func makeVersion(
        from source: PluginSource,
        unless same: PluginVersion?
    ) async throws(PluginError) -> PluginVersion {
        guard let review = specification.review else {
            return try await makeVersion(from: source, specification, manifest: nil)
        }
        let passed = try await services.compiler.pass(review, source, plugin: specification.name)
        let (manifest, decision) = (passed.granted.manifest, passed.granted.decision)
        if let same, same.digest == passed.source.pinnedDigest, same.manifest == manifest { return same }
        services.events.send(.decided(decision), plugin: specification.name, version: number + 1)
        let decided = PluginSpecification(
            specification, grants: review.grants(decision), limits: decision.limits)
        return try await makeVersion(from: passed.source, decided, manifest: manifest)
    }

    private func makeVersion(
        from source: PluginSource,
        _ specification: PluginSpecification,
        manifest: PluginManifest?
    ) async throws(PluginError) -> PluginVersion {
        let compiled = try await services.compiler.compile(
            source,
            for: specification.name,
            version: number + 1,
            limits: specification.limits
        )
        let linked = try services.link(compiled, specification)
        number += 1
        return PluginVersion(
            number: number,
            module: compiled,
            manifest: manifest,
            specification: specification,
            linked: linked,
            signatures: signatures,
            census: services.census
        )
    }

    /// Reloads whenever the file that the plugin came from changes, or the one that its manifest is in or would be.
    func follow(start: Start?) throws(PluginError) {
        try checkIsLoaded()
        guard case .file(let path) = source.origin else {
            throw PluginError(
                .configuration,
                plugin: specification.name,
                message: "only a plugin that was loaded from a file can be watched"
            )
        }
        let loop = services.workers.leastLoaded()
        let manifests = specification.review?.manifest.files(for: path) ?? []
        var watches: [FileWatch] = []
        for path in [path] + manifests { watches.append(try watch(path, on: loop, start: start)) }
        self.watches = watches
    }

    private func watch(_ path: String, on loop: WorkerLoop, start: Start?) throws(PluginError) -> FileWatch {
        do {
            return try loop.watch(path) { [weak self] in
                guard let self else { return }
                Task { await self.fileChanged(path, start: start) }
            }
        } catch {
            throw PluginError(
                .configuration,
                plugin: specification.name,
                message: "'\(path)' cannot be watched: \(error)"
            )
        }
    }

    private func fileChanged(_ path: String, start: Start?) async {
        services.events.send(.changeSeen(path: path), plugin: specification.name, version: current?.number ?? 0)
        // Files can change faster than modules are compiled.
        guard !awaitsChange else { return }
        awaitsChange = true
        // A refusal was sent as an event, and the running version goes on. A manifest and its module may have changed together, and a
        // `plugin.yaml` may be another plugin's.
        _ = try? await reload(from: nil, start: start, unlessSame: specification.review != nil)
    }

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
            plugin: specification.name, version: current?.number ?? 0, quota: quota.name,
            within: specification.limits.deadline, ticker: services.ticker)
    }

    nonisolated func leaveQuota() {
        specification.quota?.admission.leave()
    }

    /// Ends a pause or a quarantine.
    nonisolated func readmit() {
        guard let crashGuard = specification.crashGuard else { return }
        crashGuard.readmit()
        services.events.send(.readmitted, plugin: specification.name, version: current?.number ?? 0)
    }

    nonisolated func flushMeters() async {
        for pool in pools { await pool.flushMeters() }
    }

    /// Stops serving and frees all instances.
    func unload() async {
        isUnloaded = true
        for watch in watches { watch.cancel() }
        watches = []
        for reload in reloads { reload.cancel() }
        _ = await reloads.last?.result
        guard
            let version = running.withLock({ version in
                defer { version = nil }
                return version
            })
        else { return }
        for pool in pools { await pool.stop() }
        services.events.send(.unloaded, plugin: specification.name, version: version.number)
    }
}

/// The instances of a plugin on one worker loop, as the lifecycle sees them.
protocol VersionedPool: Actor {
    /// Makes and starts an instance of a version that is about to take over.
    func prepare(_ version: PluginVersion) async throws(PluginError)
    /// Lets go of what was prepared for a version that does not take over.
    func discardPrepared()
    /// Makes the version serve from now on.
    func adopt(_ version: PluginVersion)
    /// Frees all instances; every later call is refused.
    func stop()
    /// What all calls on this loop used.
    var totals: CallTotals { get }
    /// The same, told apart by version.
    var totalsByVersion: [Int: CallTotals] { get }
    /// Hands what was counted to the metrics system.
    func flushMeters()
}
