/// A capability whose grant can be narrowed to what a plugin's manifest asks for, and written down in a policy file.
///
/// The operator's policy holds the widest value that a plugin may get; the manifest's wish asks for some of it; the plugin gets
/// what is in both, never more than either.
public protocol AttenuableCapability: Capability {
    /// The part of this grant that the wish asks for. A wish without parameters asks for all of it.
    /// - Throws: ``PluginError/Code/configuration`` where the wish cannot be understood; the message names the parameter, what was
    ///   expected and what came.
    func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self

    /// This grant in one line for people, such as `namespace 'cart', at most 1048576 bytes`.
    var summary: String { get }
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
    }
}
