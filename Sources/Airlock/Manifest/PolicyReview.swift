/// What every version of a plugin has to pass that is loaded under a policy.
struct PolicyReview: Sendable {
    let policy: PluginPolicy
    let manifest: ManifestSource
    /// Tells the ABI that the plugin is run with by its module; nil where that is not known.
    let abi: @Sendable (ModuleContents) -> PluginABI?
    /// What the embedder grants whatever the policy says. A decided grant takes the place of one of the same type.
    let given: [any Capability]
    let known: [any Capability.Type]
    /// What the first version asked for and got. A later one may ask for less, not for more.
    var first: Granted?

    /// What a version asked for and got.
    struct Granted: Sendable {
        let manifest: PluginManifest?
        let decision: PluginDecision
        /// What is kept of the manifest.
        let kept: KeptManifest
    }

    /// A version that may be loaded.
    struct Passed: Sendable {
        /// Exactly the bytes that were reviewed.
        let source: PluginSource
        let granted: Granted
    }

    /// Reads the module and its manifest and decides.
    /// - Parameter kept: what was kept of the manifest, where the module was kept, too.
    func pass(_ source: PluginSource, plugin: String, recalling kept: KeptManifest? = nil) throws(PluginError) -> Passed
    {
        do {
            return try read(source, plugin: plugin, kept)
        } catch var error {
            error.plugin = plugin
            throw error
        }
    }

    private func read(_ source: PluginSource, plugin: String, _ kept: KeptManifest?) throws(PluginError) -> Passed {
        let source = try source.resolved()
        var module = try ModuleBytes(source, most: policy.limits.module.moduleBytes)
        // Bytes that are not the pinned ones are not looked into.
        try policy.checkPin(of: plugin, digest: module.digest)
        var signatures: ModuleSignatures?
        if let keys = policy.signers(of: plugin) {
            try module.requireSignature(by: keys)
            signatures = try module.signatures()
        }
        let path = if case .file(let path) = source.origin { path } else { nil as String? }
        let found =
            if let kept { try manifest.recall(kept, module: module.bytes) } else {
                try manifest.find(for: path, module: module.bytes)
            }
        let contents: ModuleContents
        do {
            contents = try ModuleContents(module.bytes, bounds: policy.limits.module)
        } catch {
            throw PluginError(error, plugin: plugin)
        }
        let decision = decide(
            PluginCandidate(
                name: plugin, digest: module.digest, contents: contents, signatures: signatures,
                manifest: found.manifest, abi: abi(contents))
        )
        try decision.check(plugin: plugin)
        return Passed(
            source: source.holding(module),
            granted: Granted(manifest: found.manifest, decision: decision, kept: found.kept)
        )
    }

    /// What a plugin is linked with.
    func grants(_ decision: PluginDecision) -> [any Capability] {
        let decided = Set(decision.grants.map { type(of: $0).id })
        return given.filter { !decided.contains(type(of: $0).id) } + decision.grants
    }

    private func decide(_ candidate: PluginCandidate) -> PluginDecision {
        let types = given.map { type(of: $0) as any Capability.Type }
        var decision = policy.decide(candidate, given: types, known: known)
        guard let first, decision.isAllowed else { return decision }
        if candidate.manifest?.wishes == first.manifest?.wishes, candidate.manifest != nil {
            // The same values, so that what they account for goes on.
            decision.grants = first.decision.grants
        } else {
            var held = policy
            held.grants = first.decision.grants
            let narrow = held.decide(candidate, given: types, known: known)
            for grant in decision.grants {
                let id = type(of: grant).id
                let granted = first.decision.grants.first { type(of: $0).id == id }
                let both = narrow.grants.first { type(of: $0).id == id }
                guard both?.summary != grant.summary else { continue }
                decision.refuse(
                    .manifest,
                    "the new version asks for more of the capability '\(id)' than was granted when the plugin was loaded: "
                        + "\(grant.summary), granted \(granted?.summary ?? "nothing")"
                )
            }
            decision.grants = narrow.grants
        }
        for growth in LimitWishes(decision.limits).limited(to: first.decision.limits).growths {
            decision.refuse(
                .manifest,
                "the new version asks for a higher limit \(growth.name) than the plugin was loaded with: \(growth.wish), granted \(growth.limit)"
            )
        }
        return decision
    }
}

extension PluginPolicy {
    /// Throws where digests are pinned for a plugin of that name and this is none of them.
    fileprivate func checkPin(of name: String, digest: String) throws(PluginError) {
        guard let pinned = pinnedDigests[name], !pinned.contains(digest) else { return }
        throw PluginError(.digestMismatch, message: Self.mismatch(name, digest: digest, pinned: pinned))
    }

    static func mismatch(_ name: String, digest: String, pinned: Set<String>) -> String {
        let expected = pinned.sorted().joined(separator: " or ")
        return "the module has the SHA-256 \(digest), expected the one pinned for '\(name)': \(expected)"
    }
}

extension ModuleCompiler {
    /// Reads a module and its manifest and decides, on the thread that modules are read on.
    func pass(
        _ review: PolicyReview, _ source: PluginSource, plugin: String, recalling kept: KeptManifest? = nil
    ) throws(PluginError) -> PolicyReview.Passed {
        try review.pass(source, plugin: plugin, recalling: kept)
    }
}
