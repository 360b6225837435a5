/// The plugins of all listeners; each has a name of its own.
final class PluginCollector {
    private(set) var plugins: [GatewayDocument.Plugin] = []

    /// The name that routes refer to a plugin by; an equal one was perhaps there already.
    /// - Parameter fallback: the name of one that has none.
    func add(_ plugin: GatewayDocument.Plugin, from input: Input, called fallback: String) -> String {
        var plugin = plugin
        if plugin.name.isEmpty {
            plugin.name = fallback
            input.ledger.note(input.node, input.path, "without a name; plugin_name is \"\(fallback)\" in the gateway")
        }
        let name = plugin.name
        var number = 1
        while let other = plugins.first(where: { $0.name == plugin.name }) {
            if other == plugin { return plugin.name }
            number += 1
            plugin.name = "\(name)-\(number)"
        }
        if plugin.name != name {
            input.ledger.gap(
                input.node, input.path,
                "names of plugins are unique in the gateway: plugin_name is \"\(plugin.name)\" here, not \"\(name)\"")
        }
        plugins.append(plugin)
        return plugin.name
    }
}
