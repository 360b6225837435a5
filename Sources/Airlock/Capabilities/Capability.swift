/// Authority that a plugin can be granted, as a type.
///
/// A capability declares the host functions that it permits, and a granted value carries the attenuation that one
/// plugin was given. Each host function receives that value, so a function without its capability cannot be written:
///
///     struct Counters: Capability {
///         static let id: CapabilityID = "example:counters"
///         let store: CounterStore
///         let highest: Int64
///         static let functions = HostFunctions<Self>(module: "example") {
///             HostFunction("increment") { (counters, call, name: GuestString, by: Int64) throws(HostError) -> Int64 in
///                 try counters.store.increment(call.string(of: name), by: by, upTo: counters.highest)
///             }
///         }
///     }
///     let plugin = try await host.load(.file("plugin.wasm"), granting: [Counters(store: store, highest: 10)])
///
/// A module that imports a function of a capability that it was not granted is refused when it is loaded.
public protocol Capability: Sendable {
    /// The name that grants, errors and manifests use for this capability.
    static var id: CapabilityID { get }
    /// The host functions that it permits.
    static var functions: HostFunctions<Self> { get }
}

/// The name of a capability, such as `example:counters`.
public struct CapabilityID: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let description: String

    /// Makes a name out of text.
    public init(_ description: String) {
        self.description = description
    }

    public init(stringLiteral value: String) {
        description = value
    }
}
