import Wasmtime

/// Making a version: reading, checking, compiling, linking, starting. The running one serves meanwhile and is not touched.
extension PluginLifecycle {
    /// - Parameters:
    ///   - known: versions of which one is returned where module and manifest are the same.
    ///   - kept: what was kept of the manifest, where the module was kept, too.
    /// - Returns: A version of which each pool has prepared an instance.
    func make(
        from source: PluginSource, unlessIn known: [PluginVersion], recalling kept: KeptManifest? = nil
    ) async throws(PluginError) -> PluginVersion {
        guard let review = specification.review else {
            return try await makeUnreviewed(from: source, unlessIn: known)
        }
        let passed = try await services.compiler.pass(review, source, plugin: name, recalling: kept)
        let manifest = passed.granted.manifest
        let same = known.first { $0.digest == passed.source.pinnedDigest && $0.manifest == manifest }
        if let same { return same }
        return try await make(decided(passed, by: review, number: number + 1))
    }

    /// What a policy gives a version.
    func decided(_ passed: PolicyReview.Passed, by review: PolicyReview, number: Int) -> DecidedSource {
        let decision = passed.granted.decision
        services.events.send(.decided(decision), plugin: name, version: number)
        return DecidedSource(
            passed.source,
            PluginSpecification(specification, grants: review.grants(decision), limits: decision.limits),
            passed.granted)
    }

    private func makeUnreviewed(
        from source: PluginSource, unlessIn known: [PluginVersion]
    ) async throws(PluginError) -> PluginVersion {
        guard !known.isEmpty else { return try await make(DecidedSource(source, specification)) }
        let (name, most) = (name, specification.limits.module.moduleBytes)
        let read = try await services.compiler.waiting { () throws(PluginError) in
            do throws(PluginError) {
                return try ModuleBytes(source, most: most)
            } catch {
                var error = error
                error.plugin = name
                throw error
            }
        }
        if let same = known.first(where: { $0.digest == read.digest }) { return same }
        // Exactly the bytes that were compared.
        return try await make(DecidedSource(source.holding(read), specification))
    }

    private func make(_ decided: DecidedSource) async throws(PluginError) -> PluginVersion {
        let (version, module) = try await compile(decided, number: number + 1)
        self.number = version.number
        try await prepare(version)
        do {
            try await keep(module)
        } catch {
            inTheMaking.remove(module.digest)
            await discardPrepared(version)
            throw error
        }
        return version
    }

    /// Compiles and links a version.
    func compile(
        _ decided: DecidedSource, number: Int
    ) async throws(PluginError) -> (version: PluginVersion, module: ModuleBytes) {
        let (specification, granted) = (decided.specification, decided.granted)
        let quarantined = history.quarantined
        let compiled = try await services.compiler.compile(
            decided.source,
            for: name,
            version: number,
            limits: specification.limits,
            admit: { [name] (digest) throws(PluginError) in try quarantined.check(digest, plugin: name) }
        )
        let steps = ReloadSteps(events: services.events, plugin: name, version: number)
        let version = try steps.take(.link) { () throws(PluginError) in
            let version = PluginVersion(
                number: number,
                module: compiled,
                manifest: granted?.manifest,
                keptManifest: granted?.kept,
                specification: specification,
                linked: try services.link(compiled, specification),
                signatures: signatures,
                census: services.census
            )
            try signatures.checkRequired(of: version)
            return version
        }
        return (version, compiled.source)
    }

    /// Has each pool make an instance of a version, or none of them.
    func prepare(_ version: PluginVersion) async throws(PluginError) {
        let steps = ReloadSteps(events: services.events, plugin: name, version: version.number)
        do {
            try await steps.take(.start) { () async throws(PluginError) in
                for pool in pools { try await pool.prepare(version) }
            }
        } catch {
            await discardPrepared(version)
            throw error
        }
    }

    func discardPrepared(_ version: PluginVersion) async {
        for pool in pools { await pool.discardPrepared(version) }
    }

    func checkIsNotQuarantined(_ digest: String) throws(PluginError) {
        try history.quarantined.check(digest, plugin: name)
    }
}

/// A module, and what its version gets.
struct DecidedSource: Sendable {
    let source: PluginSource
    let specification: PluginSpecification
    /// What it asked for and got; nil without a policy.
    let granted: PolicyReview.Granted?

    init(_ source: PluginSource, _ specification: PluginSpecification, _ granted: PolicyReview.Granted? = nil) {
        self.source = source
        self.specification = specification
        self.granted = granted
    }
}

extension [QuarantinedModule] {
    fileprivate func check(_ digest: String, plugin: String) throws(PluginError) {
        guard let module = first(where: { $0.digest == digest }) else { return }
        throw PluginError(
            .quarantined, plugin: plugin,
            message: "the module with the SHA-256 \(digest) is quarantined until it is readmitted: \(module.reason)")
    }
}
