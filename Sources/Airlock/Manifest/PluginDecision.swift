/// What a ``PluginPolicy`` gives one plugin, or every reason why it gives it nothing.
public struct PluginDecision: Sendable {
    /// One reason to refuse a plugin.
    public struct Refusal: Sendable, Hashable, CustomStringConvertible {
        /// The cause, as the error of a load would have it.
        public var code: PluginError.Code
        /// What was expected and what came.
        public var message: String

        public var description: String { "\(code): \(message)" }
    }

    /// The capabilities that the plugin gets, each narrowed to what it asks for.
    public internal(set) var grants: [any AttenuableCapability] = []
    /// The limits that it gets.
    public internal(set) var limits: PluginLimits
    /// What it shares with other plugins, if anything.
    public internal(set) var quota: Quota?
    /// Why it must not be loaded, complete; empty where it may be.
    public internal(set) var refusals: [Refusal] = []
    /// What it asked for and does not get, without being refused for it.
    public internal(set) var notes: [String] = []

    /// Whether the plugin may be loaded.
    public var isAllowed: Bool { refusals.isEmpty }

    /// Throws unless the plugin may be loaded: one error with the code of the first refusal and the messages of all.
    public func check(plugin: String) throws(PluginError) {
        guard let first = refusals.first else { return }
        throw PluginError(first.code, plugin: plugin, message: refusals.map(\.message).joined(separator: "; "))
    }

    mutating func refuse(_ code: PluginError.Code, _ message: String) {
        refusals.append(Refusal(code: code, message: message))
    }
}
