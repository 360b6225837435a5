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
        let (manifest, decision) = (passed.granted.manifest, passed.granted.decision)
        let same = known.first { $0.digest == passed.source.pinnedDigest && $0.manifest == manifest }
        if let same { return same }
        services.events.send(.decided(decision), plugin: name, version: number + 1)
        let decided = PluginSpecification(
            specification, grants: review.grants(decision), limits: decision.limits)
        return try await make(from: passed.source, decided, passed.granted)
    }

    private func makeUnreviewed(
        from source: PluginSource, unlessIn known: [PluginVersion]
    ) async throws(PluginError) -> PluginVersion {
        guard !known.isEmpty else { return try await make(from: source, specification, nil) }
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
        return try await make(from: source.holding(read), specification, nil)
    }

    private func make(
        from source: PluginSource,
        _ specification: PluginSpecification,
        _ granted: PolicyReview.Granted?
    ) async throws(PluginError) -> PluginVersion {
        let (version, module) = try await compile(source, specification, number: number + 1, granted)
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
        _ source: PluginSource,
        _ specification: PluginSpecification,
        number: Int,
        _ granted: PolicyReview.Granted?
    ) async throws(PluginError) -> (version: PluginVersion, module: ModuleBytes) {
        let quarantined = history.quarantined
        let compiled = try await services.compiler.compile(
            source,
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

extension [QuarantinedModule] {
    fileprivate func check(_ digest: String, plugin: String) throws(PluginError) {
        guard let module = first(where: { $0.digest == digest }) else { return }
        throw PluginError(
            .quarantined, plugin: plugin,
            message: "the module with the SHA-256 \(digest) is quarantined until it is readmitted: \(module.reason)")
    }
}
