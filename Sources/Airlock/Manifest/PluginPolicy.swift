/// What the host's operator gives plugins at most, and asks of them.
///
/// A plugin gets what is in both its manifest's wish and the policy: of each capability no more than either, and of each limit the
/// smaller. A policy is made in code, or read from a file with ``PolicyReader``.
public struct PluginPolicy: Sendable {
    /// The widest value of each capability that a plugin may get, each capability at most once.
    public var grants: [any AttenuableCapability]
    /// The highest limits that a plugin may get, and those of a plugin that asks for none. ``PluginLimits/loopShare`` and
    /// ``PluginLimits/crashLoop`` are the host's alone: no manifest can ask for them.
    public var limits: PluginLimits
    /// What the plugins that are loaded under this policy and its copies may use together; nil for no such bound.
    public var quota: Quota?
    /// The same for single plugins, in place of ``quota``, by the name that the host gives them.
    public var pluginQuotas: [String: Quota]
    /// The ABIs that are accepted, by name (all versions) or with a version; empty accepts all.
    public var abis: [PluginABI]
    /// The SHA-256 digests, in lower-case hexadecimal, that a plugin of that name may have. Looked up by the name that the host gives
    /// the plugin and by the one that its manifest claims; the digest must be pinned under each that has pins.
    public var pinnedDigests: [String: Set<String>]
    /// Whether a plugin is refused for which no digest is pinned under the name that the host gives it.
    public var demandsPinnedDigest: Bool
    /// The keys of which one must have signed a plugin's module; nil where it need not be signed. It is demanded of each version, whatever
    /// the source says: where that names keys, too (``PluginSource/signed(by:detachedSignature:)``), one of each must have signed it.
    public var signers: Set<ModuleVerificationKey>?
    /// The same for single plugins, in place of ``signers``, by the name that the host gives them.
    public var pluginSigners: [String: Set<ModuleVerificationKey>]
    /// Whether a plugin without a manifest is refused. Otherwise such a plugin is taken to ask for all that the policy gives of
    /// those capabilities whose functions it imports, and for no limits.
    public var demandsManifest: Bool

    /// Makes a policy; without arguments it grants nothing.
    public init(
        grants: [any AttenuableCapability] = [],
        limits: PluginLimits = PluginLimits(),
        quota: Quota? = nil,
        pluginQuotas: [String: Quota] = [:],
        abis: [PluginABI] = [],
        pinnedDigests: [String: Set<String>] = [:],
        demandsPinnedDigest: Bool = false,
        signers: Set<ModuleVerificationKey>? = nil,
        pluginSigners: [String: Set<ModuleVerificationKey>] = [:],
        demandsManifest: Bool = true
    ) {
        self.grants = grants
        self.limits = limits
        self.quota = quota
        self.pluginQuotas = pluginQuotas
        self.abis = abis
        self.pinnedDigests = pinnedDigests
        self.demandsPinnedDigest = demandsPinnedDigest
        self.signers = signers
        self.pluginSigners = pluginSigners
        self.demandsManifest = demandsManifest
    }

    /// The keys of which one must have signed the module of a plugin that the host calls so; nil where it need not be signed.
    public func signers(of plugin: String) -> Set<ModuleVerificationKey>? { pluginSigners[plugin] ?? signers }
}

/// What is known about a plugin before it is compiled.
public struct PluginCandidate: Sendable {
    /// The name that the host gives it.
    public var name: String
    /// The SHA-256 of the module's bytes, in lower-case hexadecimal.
    public var digest: String
    /// What the module's sections say.
    public var contents: ModuleContents
    /// The module's signatures, where it has any and the policy demands one.
    public var signatures: ModuleSignatures?
    /// Its manifest, where it has one.
    public var manifest: PluginManifest?
    /// The ABI that it would be run with, or nil where that is not known.
    public var abi: PluginABI?

    /// Describes a plugin.
    public init(
        name: String, digest: String, contents: ModuleContents, signatures: ModuleSignatures? = nil,
        manifest: PluginManifest?, abi: PluginABI? = nil
    ) {
        self.name = name
        self.digest = digest
        self.contents = contents
        self.signatures = signatures
        self.manifest = manifest
        self.abi = abi
    }
}
