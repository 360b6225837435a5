import Airlock
import AirlockProxyWasm

extension PluginFolderConfiguration {
    /// Loads the filters of the folder, and follows it.
    /// - Parameter named: names that other filters have.
    func load(
        on host: PluginHost, _ runtime: ProxyWasmRuntime, store: ReleaseStore?, beside named: Set<String>
    ) async throws(PluginError) -> PluginCollection<ProxyWasmFilter> {
        try await host.loadPlugins(in: PluginFolder(path), removed: removed) { found in
            guard !named.contains(found.name) else {
                throw PluginError(
                    .configuration, plugin: found.name,
                    message: "'\(found.path)' has the name of an entry of plugins, expected another one")
            }
            var filter = filter(found)
            filter.reload.store = filter.reload.store ?? store
            return try await runtime.load(filter)
        }
    }
}
