import Airlock
import AirlockProxyWasm
import Logging

/// The filters of a gateway and the worker loops that they run on.
struct FilterSet: Sendable {
    let host: PluginHost
    let filters: [ProxyWasmFilter]
    private let runtime: ProxyWasmRuntime
    private let canaries: [String: CanaryTerms]

    /// Loads all plugins of a configuration and begins to watch the files of those that ask for it.
    ///
    /// - Throws: ``GatewayError`` with every plugin that was refused; none is loaded then.
    init(_ configuration: GatewayConfiguration, logger: Logger) async throws(GatewayError) {
        let store: ReleaseStore?
        do {
            let cache = configuration.moduleCache.map { CompilationCache(folder: $0) }
            let settings = PluginHostConfiguration(
                workers: configuration.workers, compilation: CompilationPolicy(cache: cache))
            store = try configuration.releaseStore.map { (folder) throws(PluginError) in
                try ReleaseStore(folder: folder)
            }
            host = try PluginHost(settings, logger: logger)
        } catch {
            throw GatewayError(reasons: ["\(error)"])
        }
        runtime = ProxyWasmRuntime(host: host, logger: logger)
        var filters: [ProxyWasmFilter] = []
        var reasons: [String] = []
        for plugin in configuration.plugins {
            do {
                var described = plugin.filter
                described.reload.store = described.reload.store ?? store
                let filter = try await runtime.load(described)
                if plugin.watchesFile { try await filter.watch() }
                filters.append(filter)
            } catch {
                reasons.append("\(error)")
            }
        }
        guard reasons.isEmpty else {
            await host.shutdown()
            throw GatewayError(reasons: reasons)
        }
        self.filters = filters
        canaries = Dictionary(configuration.plugins.map { ($0.filter.name, $0.canary) }) { first, _ in first }
    }

    /// The filter with that name.
    func filter(_ name: String) -> ProxyWasmFilter? { filters.first { $0.name == name } }

    /// How versions of a filter are tried when an operator asks for a canary.
    func canary(_ name: String) -> CanaryTerms { canaries[name] ?? CanaryTerms() }

    /// The chain of the filters with these names; nil without any.
    ///
    /// - Throws: the names that no filter has.
    func chain(_ names: [String]) throws(GatewayError) -> HTTPFilterChain? {
        let chosen = names.map { filter($0) }
        let missing = zip(names, chosen).filter { $0.1 == nil }.map { "no plugin \"\($0.0)\"" }
        guard missing.isEmpty else { throw GatewayError(reasons: missing) }
        return names.isEmpty ? nil : HTTPFilterChain(chosen.compactMap(\.self), runtime: runtime)
    }

    /// How each filter is doing.
    func statuses() async -> [PluginStatus] {
        var statuses: [PluginStatus] = []
        for filter in filters { statuses.append(PluginStatus(await filter.status(), workers: host.loops.count)) }
        return statuses
    }

    /// Unloads the filters and ends the worker loops.
    func shutdown() async { await host.shutdown() }
}
