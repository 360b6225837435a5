/// Reads a ``PluginPolicy`` from YAML:
///
///     abis: [airlock, proxy-wasm]
///     manifest: required                  # or optional
///     digests: required                   # or optional
///     pinned:
///       cart-notes: [5b1f…, 0c42…]        # SHA-256, 64 hexadecimal digits each
///     signedBy: [{ file: release.pub }]   # keys of which one must have signed a module
///     capabilities:
///       - id: airlock:log
///         with: { bytesPerCall: 16 KiB }
///     limits:
///       fuel: 50000000
///       deadline: 200 ms
///       memory: 32 MiB
///       loopTime: 200 ms                  # of each second, on each worker loop
///       loopBurst: 50 ms
///       crashLoop: { failures: 5, window: 10 s }
///       module: { functions: 5000 }
///     quotas:
///       tenant-a: { fuelPerSecond: 2000000000, memory: 256 MiB }
///     quota: tenant-a                     # what all plugins of this policy share
///     plugins:
///       cart-notes: { quota: tenant-a }   # what one of them shares instead
///       our-own: { signedBy: [b1946ac9…] }  # whose signature one of them must have instead
///
/// A key is written as text, in one of the forms of ``ModuleVerificationKey/init(text:)``, or as the path of a file, which begins where the
/// policy's file is.
///
/// What a capability's `with` holds is the capability's own: the embedder says for each capability that a policy may name how to make
/// it, with the objects that it needs:
///
///     let reader = PolicyReader(capabilities: [
///         Logging.id: { (fields) throws(PluginError) in try Logging(policy: &fields, logger: logger) },
///         KeyValue.id: { (fields) throws(PluginError) in try KeyValue(policy: &fields, store: store) },
///     ])
///     let policy = try reader.read(yaml: bytes, file: "policy.yaml")
public struct PolicyReader: Sendable {
    /// Makes the widest value of a capability out of its part of the policy.
    public typealias Make = @Sendable (inout ManifestFields) throws(PluginError) -> any AttenuableCapability

    private let capabilities: [CapabilityID: Make]

    /// Makes a reader for policies that may name these capabilities.
    public init(capabilities: [CapabilityID: Make] = [:]) {
        self.capabilities = capabilities
    }

    /// Reads a policy of at most 256 KiB. Its quotas are made here: what is loaded under this policy and its copies shares them, and
    /// another reading of the same text makes others. The text is YAML with the same rules as that of ``PluginManifest/init(yaml:file:)``,
    /// but for its size and for 4,096 opening brackets and braces in place of 256.
    /// - Parameter file: what messages call the text. Paths of keys begin in the working directory.
    /// - Throws: ``PluginError/Code/configuration`` for the first mistake, with file, line and column, what was expected and what came.
    public func read(yaml bytes: [UInt8], file: String = "policy.yaml") throws(PluginError) -> PluginPolicy {
        try read(bytes, file: file, folder: "")
    }

    private func read(_ bytes: [UInt8], file: String, folder: String) throws(PluginError) -> PluginPolicy {
        let (values, origin) = try Self.text.read(bytes, name: file, code: .configuration)
        return try ManifestFields.read(values, path: "", origin: origin) { (fields) throws(PluginError) in
            try policy(&fields, folder: folder)
        }
    }

    /// Reads a policy from a file; see ``read(yaml:file:)``.
    public func read(file: String) throws(PluginError) -> PluginPolicy {
        guard let bytes = try Self.text.bytes(of: file, code: .configuration) else {
            throw PluginError(.configuration, message: "expected a policy at '\(file)', but there is no file")
        }
        return try read(bytes, file: file, folder: file.lastIndex(of: "/").map { String(file[...$0]) } ?? "")
    }

    private static let text = ManifestText(mostBytes: 256 << 10, mostBrackets: 4_096)

    private func policy(_ fields: inout ManifestFields, folder: String) throws(PluginError) -> PluginPolicy {
        var policy = PluginPolicy()
        policy.abis = try (fields.texts("abis") ?? []).map(PluginABI.init(_:))
        let demands: KeyValuePairs = ["required": true, "optional": false]
        policy.demandsManifest = try fields.choice("manifest", of: demands) ?? policy.demandsManifest
        policy.demandsPinnedDigest = try fields.choice("digests", of: demands) ?? policy.demandsPinnedDigest
        policy.pinnedDigests =
            try fields.map("pinned") { (pinned) throws(PluginError) in
                var digests: [String: Set<String>] = [:]
                for name in pinned.names { digests[name] = try pinned.digests(name) }
                return digests
            } ?? [:]
        for (index, grant) in try (fields.maps("capabilities", grant) ?? []).enumerated() {
            guard !policy.grants.contains(where: { type(of: $0).id == type(of: grant).id }) else {
                throw fields.wrong("capabilities", item: index, expected: "each capability once")
            }
            policy.grants.append(grant)
        }
        policy.limits = try fields.map("limits", PluginLimits.init(policy:)) ?? policy.limits
        var quotas = try PolicyQuotas(policy: &fields)
        var signers = try PolicySigners(policy: &fields, folder: folder)
        _ = try fields.map("plugins") { (plugins) throws(PluginError) in
            for name in plugins.names {
                _ = try plugins.map(name) { (plugin) throws(PluginError) in
                    let hasQuota = try quotas.read(name, &plugin)
                    let hasSigners = try signers.read(name, &plugin)
                    if hasQuota || hasSigners { return }
                    throw plugin.missing("quota", expected: "the name of a quota, or keys under signedBy")
                }
            }
        }
        try quotas.checkUse(fields)
        (policy.quota, policy.pluginQuotas) = (quotas.common, quotas.byPlugin)
        (policy.signers, policy.pluginSigners) = (signers.common, signers.byPlugin)
        return policy
    }

    private func grant(_ fields: inout ManifestFields) throws(PluginError) -> any AttenuableCapability {
        let names = capabilities.keys.map(\.description).sorted()
        let expected =
            names.isEmpty ? "none: this host offers no capabilities" : "one of \(names.joined(separator: ", "))"
        guard let id = try fields.text("id") else { throw fields.missing("id", expected: expected) }
        guard let make = capabilities[CapabilityID(id)] else {
            let nearest = NearestName.of(id, among: names).map { "'\($0)', or another " } ?? ""
            throw fields.wrong("id", expected: nearest + expected)
        }
        return try fields.mapOrEmpty("with", make)
    }
}

extension ManifestFields {
    /// A SHA-256, or a list of some.
    fileprivate mutating func digests(_ key: String) throws(PluginError) -> Set<String> {
        if case .text = value(key) { return try digest(key).map { [$0] } ?? [] }
        var digests: Set<String> = []
        for (index, text) in try (texts(key) ?? []).enumerated() {
            guard let digest = Self.digest(text) else {
                throw wrong(key, item: index, expected: "a SHA-256: 64 hexadecimal digits")
            }
            digests.insert(digest)
        }
        guard !digests.isEmpty else { throw wrong(key, expected: "at least one SHA-256") }
        return digests
    }

    /// A map, read with `body`; an empty one where the key is absent.
    fileprivate mutating func mapOrEmpty<Value>(
        _ key: String,
        _ body: (inout ManifestFields) throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        if let value = try map(key, body) { return value }
        return try Self.read([:], path: place(key), origin: origin, body)
    }
}
