import Airlock
import AirlockHTTP
import AirlockProxyWasm
import Logging
import Metrics
import NIOCore
import ServiceLifecycle

/// The filters of a gateway and the worker loops that they run on.
struct FilterSet: Sendable {
    let host: PluginHost
    private let runtime: ProxyWasmRuntime
    private let remotes: RemoteModules
    /// Those that are named in the configuration.
    private let named: [ProxyWasmFilter]
    /// Those that no request passes.
    private let services: [ProxyWasmFilter]
    private let folder: PluginCollection<ProxyWasmFilter>?
    private let canaries: [String: CanaryTerms]
    private let folderConfiguration: PluginFolderConfiguration?

    /// Loads all plugins of a configuration, begins to watch the files of those that ask for it, and follows the folder of filters. Where
    /// a server has no module for one, the version serves that was promoted last, if that is kept.
    ///
    /// - Throws: ``GatewayError`` with every plugin that was refused, but for those of the folder; none is loaded then.
    /// - Parameter eventLoops: those of the connections, whose threads the filters use as well.
    init(
        _ configuration: GatewayConfiguration, eventLoops: any EventLoopGroup, callOuts: UpstreamCallOuts,
        grpcCallOuts: UpstreamGRPCCallOuts, metrics: any MetricsFactory, logger: Logger
    ) async throws(GatewayError) {
        let plugins = configuration.plugins + configuration.services.map(\.plugin)
        remotes = try RemoteModules(plugins)
        let store: ReleaseStore?
        do {
            let cache = configuration.moduleCache.map { CompilationCache(folder: $0) }
            let settings = PluginHostConfiguration(
                eventLoops: eventLoops.makeIterator().map { LendingEventLoop($0) },
                compilation: CompilationPolicy(cache: cache))
            store = try configuration.releaseStore.map { (folder) throws(PluginError) in
                try ReleaseStore(folder: folder)
            }
            host = try PluginHost(settings, logger: logger)
        } catch {
            throw GatewayError(reasons: ["\(error)"])
        }
        runtime = ProxyWasmRuntime(
            host: host, node: configuration.node, callOuts: callOuts, grpcCallOuts: grpcCallOuts,
            foreignFunctions: .ofGateway, metrics: metrics, logger: logger)
        let fetched = await remotes.fetchAll()
        var filters: [ProxyWasmFilter] = []
        var reasons: [String] = []
        for (index, plugin) in plugins.enumerated() {
            do {
                var described = plugin.filter
                described.reload.store = described.reload.store ?? store
                if let fetched = fetched[described.name] {
                    described.source = try await Self.source(of: described, fetched, logger)
                }
                let service = index - configuration.plugins.count
                let filter =
                    service < 0
                    ? try await runtime.load(described)
                    : try await runtime.loadService(described, singleton: configuration.services[service].singleton)
                if plugin.watchesFile { try await filter.watch() }
                filters.append(filter)
            } catch let error as RemoteModuleError {
                reasons.append(error.reason(for: plugin.filter.name))
            } catch {
                reasons.append("\(error)")
            }
        }
        var folder: PluginCollection<ProxyWasmFilter>?
        do {
            folder = try await configuration.pluginFolder?.load(
                on: host, runtime, store: store, beside: Set(plugins.map(\.filter.name)))
        } catch {
            reasons.append("\(error)")
        }
        guard reasons.isEmpty else {
            await host.shutdown()
            await remotes.shutdown()
            throw GatewayError(reasons: reasons)
        }
        named = Array(filters.prefix(configuration.plugins.count))
        services = Array(filters.dropFirst(configuration.plugins.count))
        self.folder = folder
        folderConfiguration = configuration.pluginFolder
        canaries = Dictionary(plugins.map { ($0.filter.name, $0.canary) }) { first, _ in first }
    }

    /// What was fetched of a filter, or else what was promoted last.
    private static func source(
        of filter: FilterConfiguration, _ fetched: Result<PluginSource, RemoteModuleError>, _ logger: Logger
    ) async throws -> PluginSource {
        // An `await` in a catch clause here crashes the optimiser of Swift 6.3.
        switch fetched {
        case .success(let source):
            return source
        case .failure(let error):
            guard let store = filter.reload.store,
                let promoted = try await store.promoted(
                    filter.name, as: filter.source, atMost: filter.mostModuleBytes)
            else { throw error }
            logger.error(
                "plugin not fetched, the version that was promoted last serves",
                metadata: ["plugin": "\(filter.name)", "error": "\(error)"])
            return promoted
        }
    }

    /// All filters and services that there are now.
    var filters: [ProxyWasmFilter] {
        named + services + (folder.map { folder in folder.names.compactMap { folder[$0] } } ?? [])
    }

    /// Whether there are filters that may be unloaded and loaded anew.
    var hasFolder: Bool { folder != nil }

    /// The filter or service with that name; a filter of the folder is another one after it was unloaded and loaded anew.
    func filter(_ name: String) -> ProxyWasmFilter? {
        (named + services).first { $0.name == name } ?? folder?[name]
    }

    /// Why what is in the folder under that name does not run.
    func refusal(_ name: String) -> PluginError? { folder?.refusals[name] }

    /// How versions of a filter are tried when an operator asks for a canary.
    func canary(_ name: String) -> CanaryTerms {
        canaries[name] ?? folderConfiguration?.plugin(name).canary ?? CanaryTerms()
    }

    /// The chain of the filters with these names; nil without any.
    ///
    /// - Throws: the names that no filter has, and why.
    func chain(_ names: [String]) throws(GatewayError) -> RouteChain? {
        let chosen = names.map { name in named.first { $0.name == name } ?? folder?[name] }
        let missing = zip(names, chosen).filter { $0.1 == nil }.map { name, _ in
            "no plugin \"\(name)\"" + (refusal(name).map { ": \($0)" } ?? "")
        }
        guard missing.isEmpty else { throw GatewayError(reasons: missing) }
        return names.isEmpty ? nil : RouteChain(chosen.compactMap(\.self), of: self, runtime: runtime)
    }

    /// The chain of the filters with these names, for connections.
    ///
    /// - Throws: as ``chain(_:)``.
    func connectionChain(_ names: [String]) throws(GatewayError) -> RouteChain {
        try chain(names) ?? RouteChain([], of: self, runtime: runtime)
    }

    /// How each filter is doing, and why what is in the folder does not run.
    func statuses() async -> [PluginStatus] {
        var statuses: [PluginStatus] = []
        let filters = filters
        let refusals = folder?.refusals ?? [:]
        for filter in filters {
            statuses.append(
                PluginStatus(await filter.status(), workers: filter.workers, refusal: refusals[filter.name]))
        }
        let loaded = Set(filters.map(\.name))
        for (name, refusal) in refusals.sorted(by: { $0.key < $1.key }) where !loaded.contains(name) {
            statuses.append(PluginStatus(refused: name, refusal))
        }
        return statuses
    }

    /// Follows what servers have of the filters that ask for it, until the service group shuts down.
    func followRemotes() async {
        await remotes.follow(Dictionary((named + services).map { ($0.name, $0.releases) }) { first, _ in first })
    }

    /// Makes a new version of a filter: of its file, or of what its server has now.
    /// - Throws: ``PluginError`` or `RemoteModuleError`.
    func reload(_ filter: ProxyWasmFilter, _ strategy: ReloadStrategy?) async throws {
        let source = try await remotes.fetch(filter.name)
        try await filter.releases.reload(from: source, strategy: strategy)
    }

    /// Unloads the filters and ends the worker loops.
    func shutdown() async {
        await host.shutdown()
        await remotes.shutdown()
    }
}

/// Follows the filters whose modules are on HTTP servers, until the gateway shuts down.
struct FilterFollowing: Service {
    let filters: FilterSet

    func run() async throws {
        await filters.followRemotes()
        try? await gracefulShutdown()
    }
}
