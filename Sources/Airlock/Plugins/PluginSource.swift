/// Where a plugin's module comes from.
public enum PluginSource: Sendable, Hashable {
    /// A file with a binary module, by its path.
    case file(String)
    /// A binary module.
    case bytes([UInt8])
    /// A module in the WebAssembly text format, for tests and examples.
    case wat(String)
}
