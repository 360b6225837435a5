/// The rules by which a plugin and its host talk, such as `proxy-wasm/0.2.1`, `wasi` or `airlock`: a name, and where the rules have
/// several versions, a slash and the version.
public struct PluginABI: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let description: String

    /// Host functions of capabilities, and exports that the host calls by name.
    public static let airlock: PluginABI = "airlock"

    /// Makes a name out of text.
    public init(_ description: String) {
        self.description = description
    }

    public init(stringLiteral value: String) {
        description = value
    }

    /// The name without the version.
    public var name: Substring { description.prefix { $0 != "/" } }

    /// Whether this ABI is `other`, or this is the name of an ABI and `other` one of its versions.
    public func covers(_ other: PluginABI) -> Bool {
        self == other || !description.contains("/") && name == other.name
    }
}
