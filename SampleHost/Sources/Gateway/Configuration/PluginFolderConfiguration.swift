public import Airlock
public import AirlockProxyWasm

/// A folder of filters, `NAME.wasm` or `NAME/VERSION/plugin.wasm` each. All of them are loaded, and the folder is followed: filters come, get
/// new versions, and go.
public struct PluginFolderConfiguration: Sendable {
    /// The folder's path.
    public var path: String
    /// What becomes of a filter that is removed from the folder.
    public var removed: RemovedPlugin
    /// How the filters are treated for which nothing else is said. Their names and their modules are those in the folder.
    public var common: PluginConfiguration
    /// How single filters are treated, by their names.
    public var filters: [String: PluginConfiguration]

    /// A folder of filters that routes can refer to by their names.
    public init(
        path: String, removed: RemovedPlugin = .goesOn,
        common: PluginConfiguration = PluginConfiguration(
            filter: FilterConfiguration(name: "", source: .bytes([]))),
        filters: [String: PluginConfiguration] = [:]
    ) {
        self.path = path
        self.removed = removed
        self.common = common
        self.filters = filters
    }

    /// How a filter is treated.
    func plugin(_ name: String) -> PluginConfiguration { filters[name] ?? common }

    /// A filter that was found in the folder.
    func filter(_ found: PluginFolder.Found) -> FilterConfiguration {
        var filter = plugin(found.name).filter
        filter.name = found.name
        filter.source.origin = found.source.origin
        return filter
    }
}
