/// A version that an earlier host promoted.
struct RecalledRelease: Sendable {
    /// Its module, with what is said now about the plugin's source.
    let source: PluginSource
    /// What was kept of its manifest; nil where it was not loaded under a policy.
    let manifest: KeptManifest?
}

extension ReleaseStore {
    /// The module of a plugin that was promoted last, for a service that starts while the plugin's source cannot be read: a plugin that is
    /// loaded from it serves what it served before.
    ///
    /// - Parameters:
    ///   - plugin: the plugin's name.
    ///   - source: what is said about the plugin's modules: digest, keys, trust. Where they are does not matter.
    ///   - most: the most bytes that the module may have.
    /// - Returns: its bytes, pinned to their digest, with the signature that came beside them; nil where nothing was promoted, or another
    ///   digest is pinned.
    /// - Throws: ``PluginError/Code/storage`` where it cannot be read or is damaged, ``PluginError/Code/moduleBounds`` where it has more bytes,
    ///   and ``PluginError/Code/digestMismatch`` where they are not those that were kept.
    public func promoted(
        _ plugin: String, as source: PluginSource, atMost most: Int
    ) async throws(PluginError) -> PluginSource? {
        try await thread.run { () throws(PluginError) in try self.recall(plugin, from: source, atMost: most) }?.source
    }

    /// What was promoted last of a plugin; nil where there is nothing, or another module is pinned.
    func recall(_ plugin: String, from source: PluginSource, atMost most: Int) throws(PluginError) -> RecalledRelease? {
        try recall(try record(of: plugin), from: source, atMost: most)
    }

    /// - Parameters:
    ///   - source: where the plugin comes from now.
    ///   - most: the most bytes that the module may have.
    func recall(
        _ record: ReleaseRecord, from source: PluginSource, atMost most: Int
    ) throws(PluginError) -> RecalledRelease? {
        guard let digest = record.promoted, source.pinnedDigest.map({ $0.lowercased() == digest }) ?? true,
            let kept = try self.source(of: digest, for: source, atMost: most)
        else { return nil }
        return RecalledRelease(source: kept, manifest: record.promotedManifest)
    }

    /// The module of a digest, with what is said of a plugin's source now; nil where it is not kept.
    func source(of digest: String, for source: PluginSource, atMost most: Int) throws(PluginError) -> PluginSource? {
        guard let bytes = try bytes(of: digest, atMost: most) else { return nil }
        // Whoever may sign it may have changed since it was kept.
        return PluginSource(
            .bytes(bytes), pinnedDigest: digest, signers: source.signers,
            detachedSignature: try signature(of: digest), trust: source.trust)
    }
}
