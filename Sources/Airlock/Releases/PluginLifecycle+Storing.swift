/// Keeping on disk what was promoted and what is quarantined, where the reload policy has a store. The modules' thread waits for the disk.
extension PluginLifecycle {
    /// Takes over what an earlier host kept of the plugin.
    /// - Returns: The module that was promoted last; nil where there is none, or another one is pinned.
    func recall() async throws(PluginError) -> PluginSource? {
        guard let store = specification.reload.store else { return nil }
        let (name, most) = (name, specification.limits.module.moduleBytes)
        let record = try await services.compiler.waiting { () throws(PluginError) in try store.record(of: name) }
        self.record = record
        for quarantine in record.quarantined {
            history.quarantine(QuarantinedModule(digest: quarantine.digest, reason: quarantine.reason))
        }
        guard let digest = record.promoted, source.pinnedDigest.map({ $0.lowercased() == digest }) ?? true else {
            return nil
        }
        let kept = try await services.compiler.waiting { () throws(PluginError) in
            (try store.bytes(of: digest, atMost: most), try store.signature(of: digest))
        }
        guard let bytes = kept.0 else { return nil }
        // Whoever may sign it may have changed since it was kept.
        return PluginSource(
            .bytes(bytes), pinnedDigest: digest, signers: source.signers, detachedSignature: kept.1, trust: source.trust
        )
    }

    /// Keeps the module of a version that may come to serve.
    func keep(_ module: ModuleBytes) async throws(PluginError) {
        try await change(keeping: [module]) { $0.keep(module.digest) }
    }

    /// Notes that a version serves from now on. What is not gone back to is not kept any longer.
    func keepPromoted(_ version: PluginVersion) async throws(PluginError) {
        var kept = history
        kept.serve(version)
        let digests = Set(kept.releases.map(\.digest))
        try await change { record in
            record.promote(version.digest)
            for digest in record.kept where !digests.contains(digest) { record.letGo(digest) }
        }
    }

    /// Notes that a module must not be loaded any more, or may be again. What is served does not depend on whether that can be written.
    func noteQuarantine(_ change: (inout ReleaseRecord) -> Void) async {
        do {
            try await self.change(change)
        } catch {
            services.events.send(.storeFailed(error), plugin: name, version: current?.number ?? 0)
        }
    }

    private func change(
        keeping modules: [ModuleBytes] = [], _ change: (inout ReleaseRecord) -> Void
    ) async throws(PluginError) {
        guard let store = specification.reload.store else { return }
        var changed = record
        change(&changed)
        guard changed != record || !modules.isEmpty else { return }
        let (name, before) = (name, record)
        // Before the disk is waited for, so that what comes meanwhile changes the same record.
        record = changed
        do {
            try await services.compiler.waiting { [changed] () throws(PluginError) in
                try store.save(changed, of: name, keeping: modules)
                try store.prune()
            }
        } catch {
            if record == changed { record = before }
            throw error
        }
    }
}

extension ModuleCompiler {
    /// Does something that waits for the disk, on the thread that modules are read on.
    func waiting<Value: Sendable>(
        _ body: @Sendable () throws(PluginError) -> Value
    ) throws(PluginError) -> Value {
        try body()
    }
}
