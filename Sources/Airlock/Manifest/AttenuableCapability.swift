/// A capability whose grant can be narrowed to what a plugin's manifest asks for, and written down in a policy file.
///
/// The operator's policy holds the widest value that a plugin may get; the manifest's wish asks for some of it; the plugin gets
/// what is in both, never more than either.
///
/// By convention a conforming type also has an initialiser `init(policy fields: inout ManifestFields, …) throws(PluginError)` that
/// reads the widest value from a policy file, with the objects of the embedder that it needs as further parameters.
public protocol AttenuableCapability: Capability {
    /// The part of this grant that the wish asks for. A wish without parameters asks for all of it. Read the parameters with
    /// ``CapabilityWish/read(_:)``.
    ///
    /// What a wish asks for beyond this grant is cut down to the grant where the plugin can do with less (bytes, rates); where it
    /// cannot (a namespace, a host, a folder), throw ``PluginError/Code/denied`` with what was asked and what is given.
    /// - Throws: ``PluginError/Code/manifest`` where the wish cannot be understood; the message names the parameter, what was
    ///   expected and what came.
    func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self

    /// This grant in one line for people, such as `namespace 'cart', at most 1048576 bytes`.
    var summary: String { get }

    /// What a plugin without a manifest is taken to ask for: all that the policy gives, unless the capability tells its functions apart.
    /// - Parameter functions: the names of this capability's functions that the module imports, at least one.
    static func wish(importing functions: [String]) -> CapabilityWish

    /// Those of `functions` that the module can import without a grant and that would then refuse their service, as the functions of an ABI
    /// do. The decision has a note about them. None unless the capability says otherwise.
    /// - Parameters:
    ///   - functions: the names of this capability's functions that the module imports.
    ///   - grant: what the plugin was granted, or nil.
    static func refused(of functions: [String], by grant: Self?) -> [String]
}

extension AttenuableCapability {
    public static func wish(importing functions: [String]) -> CapabilityWish { CapabilityWish(id) }

    public static func refused(of functions: [String], by grant: Self?) -> [String] { [] }
}

/// A capability that a manifest asks for.
public struct CapabilityWish: Sendable, Hashable {
    /// Which capability.
    public var capability: CapabilityID
    /// Why the plugin wants it, for the operator who decides.
    public var reason: String
    /// Whether the plugin cannot be loaded without it.
    public var isRequired: Bool
    /// How much of it, in terms of the capability; empty for all that the policy gives.
    public var parameters: [String: ManifestValue]
    /// Where the parameters stand in the manifest, for messages.
    var path: String
    var origin: ManifestOrigin

    /// Makes a wish.
    public init(
        _ capability: CapabilityID,
        reason: String = "",
        isRequired: Bool = true,
        parameters: [String: ManifestValue] = [:]
    ) {
        self.capability = capability
        self.reason = reason
        self.isRequired = isRequired
        self.parameters = parameters
        path = ""
        origin = ManifestOrigin(code: .manifest)
    }

    /// Reads the parameters with `body` and refuses those that it did not ask for.
    public func read<Value>(
        _ body: (inout ManifestFields) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        try ManifestFields.read(parameters, path: path, origin: origin, body)
    }
}

extension CapabilityWish {
    // Two wishes for the same are equal wherever they stand.

    public static func == (left: Self, right: Self) -> Bool {
        left.capability == right.capability && left.reason == right.reason && left.isRequired == right.isRequired
            && left.parameters == right.parameters
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(capability)
        hasher.combine(reason)
        hasher.combine(isRequired)
        hasher.combine(parameters)
    }
}
