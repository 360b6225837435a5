public import Logging
public import ServiceLifecycle
import Synchronization
import Wasmtime
public import WorkerLoop

/// Loads plugins and runs them on worker loops, under limits and with nothing but what they were granted.
///
///     let host = try PluginHost(logger: logger)
///     let plugin = try await host.load(.file("plugin.wasm"), granting: [Counters(store: store, highest: 10)])
///     let add = try plugin.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
///     let sum = try await plugin.call(add, 20, 22)      // sum.value, sum.report.fuelUsed
///
/// It is a service: run it in a `ServiceGroup`, or call ``shutdown()`` when it is not needed any more.
///
/// ## Topics
/// ### Loading
/// - ``load(_:name:granting:limits:quota:reload:)``
/// - ``loadSuspendable(_:name:granting:limits:quota:reload:)``
/// - ``load(_:name:under:manifest:abi:granting:quota:reload:)``
/// - ``loadSuspendable(_:name:under:manifest:abi:granting:quota:reload:)``
/// - ``loadPlugins(in:removed:debounce:_:)``
/// ### Watching
/// - ``events()``
/// ### Ending
/// - ``run()``
/// - ``shutdown()``
public final class PluginHost: Service, Sendable {
    private struct Plugins {
        var lifecycles: [PluginLifecycle] = []
        var isStopped = false
    }

    let services: HostServices
    private let plugins = Mutex(Plugins())
    private let meterTimer = Mutex<LoopTimer?>(nil)

    /// Starts the worker loops, the engine and its epoch.
    /// - Throws: ``PluginError/Code/configuration`` where a setting is out of its range or the engine refuses it.
    public init(_ configuration: PluginHostConfiguration = PluginHostConfiguration(), logger: Logger)
        throws(PluginError)
    {
        try configuration.check()
        var settings = configuration.engine
        settings.fuel = true
        settings.epochs = true
        do {
            let engine = try Engine(settings)
            let events = EventHub(logger: logger)
            let compiler = try ModuleCompiler(configuration.compilation, engine: engine, events: events)
            services = HostServices(
                engine: engine,
                ticker: try EpochTicker(engine: engine, tick: configuration.epochTick),
                compiler: compiler,
                followers: FolderFollowers(loop: compiler.loop),
                workers: try Self.workerLoops(configuration),
                events: events,
                census: InstanceCensus(most: configuration.instances),
                knownCapabilities: configuration.knownCapabilities
            )
            try startMeters()
        } catch let error as PluginError {
            throw error
        } catch {
            throw PluginError(.configuration, message: "\(error)")
        }
    }

    private static func workerLoops(_ configuration: PluginHostConfiguration) throws(WorkerLoopError) -> WorkerLoopGroup
    {
        let name = "airlock-worker"
        guard configuration.eventLoops.isEmpty else {
            return try WorkerLoopGroup(embeddedIn: configuration.eventLoops, name: name)
        }
        return try WorkerLoopGroup(count: configuration.workers, name: name)
    }

    /// Hands what plugins used to the metrics system once a second.
    private func startMeters() throws(WorkerLoopError) {
        let timer = try services.workers.loops[0].schedule(after: .seconds(1), repeating: .seconds(1)) { [weak self] in
            guard let lifecycles = self?.plugins.withLock(\.lifecycles) else { return }
            Task { for lifecycle in lifecycles { await lifecycle.flushMeters() } }
        }
        meterTimer.withLock { $0 = timer }
    }

    /// The worker loops that plugins run on. A service may run its own tasks there as well, so that calls cross no thread.
    public var loops: [WorkerLoop] { services.workers.loops }

    /// The loop with the least to do.
    public func leastLoadedLoop() -> WorkerLoop { services.workers.leastLoaded() }

    /// The loop of a key, the same for the same key.
    public func loop(for key: some Hashable) -> WorkerLoop { services.workers.loop(for: key) }

    /// Instances of all plugins that there are at this moment, resident ones included.
    public var instanceCount: Int { services.census.instances }

    /// What happens to the plugins of this host from now on. A subscriber that does not keep up loses the oldest events beyond 256.
    public func events() -> AsyncStream<PluginEvent> { services.events.subscribe() }

    /// Tells those who listen to events what an ABI saw that runs its plugins' instances itself.
    package func send(_ kind: PluginEvent.Kind, plugin: String, version: Int) {
        services.events.send(kind, plugin: plugin, version: version)
    }

    /// Reads, checks, compiles, links and starts a plugin whose calls run to completion.
    ///
    /// - Parameters:
    ///   - source: where the module is.
    ///   - name: what errors, events and metrics call the plugin; by default the file's name without its ending, or `plugin`.
    ///   - grants: what it may do.
    ///   - limits: what it may use.
    ///   - quota: what it may use together with others.
    ///   - reload: how later versions come into service, and what each, the first as well, must pass.
    /// - Throws: why it was refused. Nothing of it is left then.
    public func load(
        _ source: PluginSource,
        name: String? = nil,
        granting grants: [any Capability] = [],
        limits: PluginLimits = PluginLimits(),
        quota: Quota? = nil,
        reload: ReloadPolicy = ReloadPolicy()
    ) async throws(PluginError) -> Plugin {
        let specification = PluginSpecification(
            name: name ?? source.defaultName,
            grants: grants,
            limits: limits,
            mode: .runToCompletion,
            quota: quota,
            reload: reload
        )
        return try await run(specification, from: source)
    }

    func run(_ specification: PluginSpecification, from source: PluginSource) async throws(PluginError) -> Plugin {
        let pools = loops.map { InstancePool(loop: $0, specification: specification, events: services.events) }
        return Plugin(try await run(specification, from: source, in: pools), pools: pools, loops: loops)
    }

    func run(
        _ specification: PluginSpecification,
        from source: PluginSource,
        in pools: [any VersionedPool]
    ) async throws(PluginError) -> PluginLifecycle {
        let lifecycle = PluginLifecycle(specification, source: source, services: services, pools: pools)
        try await add(lifecycle)
        return lifecycle
    }

    /// The same for an ABI that runs its plugins' instances itself.
    /// - Parameter pools: one for each of ``loops``.
    package func load(
        _ source: PluginSource,
        name: String,
        granting grants: [any Capability],
        limits: PluginLimits,
        quota: Quota?,
        reload: ReloadPolicy,
        in pools: [any VersionedPool]
    ) async throws(PluginError) -> PluginReleases {
        let specification = PluginSpecification(
            name: name, grants: grants, limits: limits, mode: .runToCompletion, quota: quota, reload: reload)
        return PluginReleases(try await run(specification, from: source, in: pools))
    }

    /// Reads, checks, compiles, links and starts a plugin whose calls may be suspended, so that its host functions may wait. The
    /// parameters and errors are those of ``load(_:name:granting:limits:quota:reload:)``.
    public func loadSuspendable(
        _ source: PluginSource,
        name: String? = nil,
        granting grants: [any Capability] = [],
        limits: PluginLimits = PluginLimits(),
        quota: Quota? = nil,
        reload: ReloadPolicy = ReloadPolicy()
    ) async throws(PluginError) -> SuspendablePlugin {
        let specification = PluginSpecification(
            name: name ?? source.defaultName,
            grants: grants,
            limits: limits,
            mode: .suspendable,
            quota: quota,
            reload: reload
        )
        return try await runSuspendable(specification, from: source)
    }

    func runSuspendable(
        _ specification: PluginSpecification,
        from source: PluginSource
    ) async throws(PluginError) -> SuspendablePlugin {
        let pools = loops.map {
            SuspendableInstancePool(loop: $0, specification: specification, events: services.events)
        }
        return SuspendablePlugin(try await run(specification, from: source, in: pools), pools: pools, loops: loops)
    }

    private func add(_ lifecycle: PluginLifecycle) async throws(PluginError) {
        let name = lifecycle.name
        guard !plugins.withLock(\.isStopped) else {
            throw PluginError(.stopped, plugin: name, message: "the host was shut down")
        }
        try lifecycle.specification.check()
        try lifecycle.check(lifecycle.specification.reload.strategy)
        try await lifecycle.load()
        let isStopped = plugins.withLock { plugins in
            // Those that were unloaded have nothing left to end.
            plugins.lifecycles.removeAll { $0.current == nil }
            plugins.lifecycles.append(lifecycle)
            return plugins.isStopped
        }
        if isStopped {
            await lifecycle.unload()
            throw PluginError(
                .stopped,
                plugin: name,
                message: "the host was shut down while the plugin was being loaded"
            )
        }
    }

    /// Runs until the service group shuts down gracefully or the task is cancelled, then calls ``shutdown()``.
    public func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Unloads all plugins and ends the worker loops. Calls that run to completion end first; suspendable ones are stopped and end with
    /// ``PluginError/Code/stopped``. Can be called more than once.
    public func shutdown() async {
        let lifecycles = plugins.withLock { plugins in
            plugins.isStopped = true
            defer { plugins.lifecycles = [] }
            return plugins.lifecycles
        }
        meterTimer.withLock { $0 = nil }
        await services.followers.stop()
        // Before the plugins, so that no load has to be waited for.
        await services.compiler.stop()
        for lifecycle in lifecycles {
            await lifecycle.flushMeters()
            await lifecycle.unload()
        }
        await services.workers.shutdown()
        await services.ticker.stop()
        services.events.finish()
    }
}

extension PluginSource {
    var defaultName: String {
        switch origin {
        case .file(let path):
            guard let file = path.split(separator: "/").last else { return "plugin" }
            return String(file.hasSuffix(".wasm") ? file.dropLast(5) : file)
        case .versions(let path): return path.split(separator: "/").last.map(String.init) ?? "plugin"
        case .bytes, .wat: return "plugin"
        }
    }
}
