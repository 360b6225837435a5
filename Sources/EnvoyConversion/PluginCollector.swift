/// The plugins of all listeners; each has a name of its own.
final class PluginCollector {
    private(set) var plugins: [GatewayDocument.Plugin] = []
    /// The names of the services.
    private var services: Set<String> = []

    /// The name that routes refer to a plugin by; an equal one was perhaps there already.
    /// - Parameter fallback: the name of one that has none.
    func add(_ plugin: GatewayDocument.Plugin, from input: Input, called fallback: String) -> String {
        var plugin = plugin
        plugin.headersChooseRoute = true
        plugin = distinguished(withName(plugin, from: input, fallback), from: input)
        if !plugins.contains(plugin) { plugins.append(plugin) }
        return plugin.name
    }

    /// A service with a name that no other plugin has.
    func named(_ plugin: GatewayDocument.Plugin, from input: Input, called fallback: String) -> GatewayDocument.Plugin {
        let named = distinguished(withName(plugin, from: input, fallback), from: input)
        services.insert(named.name)
        return named
    }

    private func withName(
        _ plugin: GatewayDocument.Plugin, from input: Input, _ fallback: String
    ) -> GatewayDocument.Plugin {
        guard plugin.name.isEmpty else { return plugin }
        input.ledger.note(input.node, input.path, "without a name; plugin_name is \"\(fallback)\" in the gateway")
        var plugin = plugin
        plugin.name = fallback
        return plugin
    }

    private func distinguished(_ plugin: GatewayDocument.Plugin, from input: Input) -> GatewayDocument.Plugin {
        var plugin = plugin
        let name = plugin.name
        var number = 1
        while services.contains(plugin.name) || plugins.contains(where: { $0.name == plugin.name && $0 != plugin }) {
            number += 1
            plugin.name = "\(name)-\(number)"
        }
        if plugin.name != name {
            input.ledger.gap(
                input.node, input.path,
                "names of plugins are unique in the gateway: plugin_name is \"\(plugin.name)\" here, not \"\(name)\"",
                .differs)
        }
        return plugin
    }
}
