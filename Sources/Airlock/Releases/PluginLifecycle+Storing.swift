/// Keeping on disk what was promoted and what is quarantined, where the reload policy has a store. The store's thread waits for the disk.
extension PluginLifecycle {
    /// Takes over what an earlier host kept of the plugin.
    /// - Returns: What was promoted last; nil where there is nothing, or another module is pinned.
    func recall() async throws(PluginError) -> RecalledRelease? {
        guard let store = specification.reload.store else { return nil }
        let name = name
        record = try await store.thread.run { () throws(PluginError) in try store.record(of: name) }
        recalled = [record.promoted].compactMap(\.self) + record.kept
        for quarantine in record.quarantined {
            history.quarantine(QuarantinedModule(digest: quarantine.digest, reason: quarantine.reason))
        }
        await prune()
        return try await recalled(record)
    }

    private func recalled(_ record: ReleaseRecord) async throws(PluginError) -> RecalledRelease? {
        guard let store = specification.reload.store else { return nil }
        let (source, most) = (source, specification.limits.module.moduleBytes)
        return try await store.thread.run { () throws(PluginError) in
            try store.recall(record, from: source, atMost: most)
        }
    }

    /// The module of a digest, where it is kept.
    private func kept(_ digest: String) async throws(PluginError) -> PluginSource? {
        guard let store = specification.reload.store else { return nil }
        let (source, most) = (source, specification.limits.module.moduleBytes)
        return try await store.thread.run { () throws(PluginError) in
            try store.source(of: digest, for: source, atMost: most)
        }
    }

    /// Compiles what an earlier host kept to go back to, so that this one can as well.
    func recallKept(_ digests: [String]) async {
        for (index, digest) in digests.enumerated() where recalled.contains(digest) && !Task.isCancelled {
            do throws(PluginError) {
                let number = digests.count - index
                guard let source = try await kept(digest),
                    let decided = try await decide(onKept: source, number: number)
                else { continue }
                let version = try await compile(decided, number: number).version
                try await inTurn { (self) async throws(PluginError) in
                    self.history.keep(version)
                    self.recalled.removeAll { $0 == digest }
                }
            } catch {
                services.events.send(.storeFailed(error), plugin: name, version: current?.number ?? 0)
            }
        }
    }

    /// - Returns: nil where a policy decides now and the manifest was not kept.
    private func decide(onKept source: PluginSource, number: Int) async throws(PluginError) -> DecidedSource? {
        guard var review = specification.review else { return DecidedSource(source, specification) }
        guard let digest = source.pinnedDigest, let manifest = record.manifests[digest] else { return nil }
        let passed: PolicyReview.Passed
        do {
            passed = try await services.compiler.pass(review, source, plugin: name, recalling: manifest)
        } catch  where error.code == .manifest {
            // It may ask for more than the version that serves, and had got that before the restart.
            review.first = nil
            passed = try await services.compiler.pass(review, source, plugin: name, recalling: manifest)
        }
        return decided(passed, by: review, number: number)
    }

    /// Keeps the module of a version that may come to serve.
    func keep(_ module: ModuleBytes) async throws(PluginError) {
        inTheMaking.insert(module.digest)
        let needed = digestsToKeep(after: history)
        try await change(keeping: [module]) { record in
            record.letGo { !needed.contains($0) }
            record.keep(module.digest)
        }
    }

    /// Notes that a version serves from now on. What is not gone back to is not kept any longer.
    /// - Parameter evenUnwritten: whether it serves also where that cannot be written now; then it is later.
    func keepPromoted(_ version: PluginVersion, evenUnwritten: Bool) async throws(PluginError) {
        var after = history
        after.serve(version)
        let needed = digestsToKeep(after: after)
        try await change(isUndoneOnFailure: !evenUnwritten) { record in
            record.promote(version.digest, manifest: version.keptManifest)
            record.letGo { !needed.contains($0) }
        }
    }

    /// The modules of all versions, of those in the making, and of those that an earlier host could go back to.
    private func digestsToKeep(after history: ReleaseHistory) -> Set<String> {
        let own = inTheMaking.union(history.releases.map(\.digest))
        let places = max(0, specification.reload.keptVersions - history.kept.count)
        return own.union(recalled.filter { !own.contains($0) }.prefix(places))
    }

    /// Notes that a version goes on to serve. Where that cannot be written now, it is later.
    func notePromoted(_ version: PluginVersion) async {
        await note { $0.promote(version.digest, manifest: version.keptManifest) }
    }

    /// Notes that a module must not be loaded any more, or may be again. What is served does not depend on whether that can be written now;
    /// where not, it is later.
    func noteQuarantine(_ change: (inout ReleaseRecord) -> Void) async {
        await note(change)
    }

    private func note(_ change: (inout ReleaseRecord) -> Void) async {
        do {
            try await self.change(isUndoneOnFailure: false, change)
        } catch {
            services.events.send(.storeFailed(error), plugin: name, version: current?.number ?? 0)
        }
    }

    private func change(
        keeping modules: [ModuleBytes] = [], isUndoneOnFailure: Bool = true, _ change: (inout ReleaseRecord) -> Void
    ) async throws(PluginError) {
        guard let store = specification.reload.store else { return }
        await recording.enter()
        defer { recording.leave() }
        var changed = record
        change(&changed)
        guard changed != record || isUnwritten || !modules.isEmpty else { return }
        let (name, before) = (name, record)
        record = changed
        do {
            try await store.thread.run { [changed] () throws(PluginError) in
                try store.save(changed, of: name, keeping: modules)
            }
            isUnwritten = false
        } catch {
            if isUndoneOnFailure { record = before }
            // Also what is undone may be on the disk, or get there.
            isUnwritten = true
            writeLater()
            throw error
        }
        if !Set(before.modules).isSubset(of: changed.modules) { await prune() }
    }

    /// Writes what is so by then, until it is written.
    private func writeLater(pause: Duration = .seconds(1)) {
        guard !isUnloaded else { return }
        writing = try? services.ticker.schedule(after: pause) { [weak self] in
            Task { await self?.writeAgain(pause: min(pause * 2, .seconds(60))) }
        }
    }

    private func writeAgain(pause: Duration) async {
        guard isUnwritten else { return }
        await note { _ in }
        if isUnwritten { writeLater(pause: pause) }
    }

    /// Writes at the end what could not be written yet. A disk that is known not to answer is not waited for.
    func writeLast() async {
        if isUnwritten { await note { _ in } }
    }

    /// Deletes modules that nobody needs. Where that is not possible they only take up room.
    private func prune() async {
        guard let store = specification.reload.store else { return }
        do {
            try await store.thread.run { () throws(PluginError) in try store.prune() }
        } catch {
            services.events.send(.storeFailed(error), plugin: name, version: current?.number ?? 0)
        }
    }
}
