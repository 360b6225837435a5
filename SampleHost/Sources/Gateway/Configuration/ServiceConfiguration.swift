/// A plugin that no request passes: it does what it does from its timer, its calls and its queues.
public struct ServiceConfiguration: Sendable {
    /// What is loaded, and how it is treated. Its name is no other plugin's, and routes cannot refer to it.
    public var plugin: PluginConfiguration
    /// Whether one worker loop runs it, so that there is one of it; otherwise each runs one.
    public var singleton: Bool

    /// A service.
    public init(_ plugin: PluginConfiguration, singleton: Bool = false) {
        self.plugin = plugin
        self.singleton = singleton
    }
}
