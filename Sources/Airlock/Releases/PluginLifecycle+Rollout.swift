import WorkerLoop

/// Bringing versions into service and taking them out of it. All of it is done in turns.
extension PluginLifecycle {
    /// Begins with a version that is ready. The first one serves at once, whatever the strategy.
    /// - Throws: Where it cannot be written to disk that it serves; then it does not.
    func begin(
        _ version: PluginVersion, _ strategy: ReloadStrategy, since began: ContinuousClock.Instant
    ) async throws(PluginError) {
        guard let serving = history.serving else {
            try await cutOver(to: version, .loaded, since: began)
            return
        }
        try await pools.checkAreReady(for: version)
        if case .immediate = strategy.kind { try await keepPromoted(version) }
        await dropCandidate(.dropped)
        history.staged = nil
        switch strategy.kind {
        case .immediate:
            try await cutOver(to: version, .reloaded(previous: serving.number), since: began)
        case .manual:
            // What waits for an operator holds no memory.
            await discardPrepared(version)
            history.staged = .init(version: version)
            services.events.send(.staged, plugin: name, version: version.number, duration: .now - began)
        case .canary(let terms):
            await tryOut(version, terms, isShadow: false)
            services.events.send(.trialBegan(strategy), plugin: name, version: version.number, duration: .now - began)
        case .shadow(let terms):
            await tryOut(version, terms, isShadow: true)
            services.events.send(.trialBegan(strategy), plugin: name, version: version.number, duration: .now - began)
        }
    }

    private func cutOver(
        to version: PluginVersion, _ event: PluginEvent.Kind, since began: ContinuousClock.Instant
    ) async throws(PluginError) {
        // First, so that what serves is never another version than the one that serves after a restart, but for a kill in between.
        do throws(PluginError) {
            try await keepPromoted(version)
        } catch {
            await discardPrepared(version)
            throw error
        }
        let previous = history.serving
        specification.crashGuard?.readmit()
        let steps = ReloadSteps(events: services.events, plugin: name, version: version.number)
        try await steps.take(.cutOver) { () async throws(PluginError) in await serve(version) }
        services.events.send(event, plugin: name, version: version.number, duration: .now - began)
        if let previous, previous !== version { drain(previous) }
    }

    /// Waits for what runs on a version that does not serve any more, and stops what goes on for too long.
    private func drain(_ version: PluginVersion) {
        let began = ContinuousClock.now
        let (pools, events, name, deadline) = (pools, services.events, name, specification.reload.drainDeadline)
        Task {
            let stopped = await withTaskGroup(of: Int.self) { group in
                for pool in pools { group.addTask { await pool.drain(version, within: deadline) } }
                return await group.reduce(0, +)
            }
            events.send(.drained(stopped: stopped), plugin: name, version: version.number, duration: .now - began)
        }
    }

    // MARK: Trials

    private func tryOut(_ version: PluginVersion, _ terms: Trial.Terms, isShadow: Bool) async {
        let trial = Trial(of: version, terms, isShadow: isShadow) { [weak self] trial in
            Task { await self?.end(trial) }
        }
        history.candidate = .init(version: version, trial: trial)
        for pool in pools { await pool.tryOut(version, trial) }
        beginWindow(of: trial)
    }

    private func beginWindow(of trial: Trial) {
        // A host that was shut down has no timers, and ends all trials.
        trialTimer = try? services.ticker.schedule(after: trial.terms.window) { [weak self] in
            Task { await self?.end(trial) }
        }
    }

    /// Ends a trial whose window has passed or whose budget is overdrawn.
    private func end(_ trial: Trial) async {
        try? await inTurn { (self) async throws(PluginError) in
            guard let candidate = self.history.candidate, candidate.trial === trial, let serving = self.history.serving
            else { return }
            let version = candidate.version
            guard !trial.isOverdrawn else {
                await self.dropCandidate(.overBudget)
                // The same module serves, and is not worse than itself.
                guard version.digest != serving.digest else { return }
                await self.quarantine(
                    version.digest, "it overdrew its error budget with \(trial.result)", version.number)
                return
            }
            // Nothing is known of it yet, it is being started again somewhere, or calls wait for it that may yet overdraw the budget.
            guard trial.result.calls > 0, (try? await self.pools.checkAreReady(for: version)) != nil,
                trial.allows(moreFailures: await self.pools.waitingCalls(of: version))
            else { return self.beginWindow(of: trial) }
            guard !trial.isShadow else {
                await self.dropCandidate(.passed)
                self.history.staged = .init(version: version, result: trial.result)
                self.services.events.send(.staged, plugin: self.name, version: version.number)
                return
            }
            do throws(PluginError) {
                try await self.keepPromoted(version)
                self.endTrial(trial, of: version, .passed)
                try await self.cutOver(to: version, .reloaded(previous: serving.number), since: .now)
            } catch {
                // It waits for an operator, who may mend the disk.
                await self.dropCandidate(.passed)
                self.history.staged = .init(version: version, result: trial.result)
                self.services.events.send(.storeFailed(error), plugin: self.name, version: version.number)
            }
        }
    }

    /// Takes the version out that is being tried, if one is.
    func dropCandidate(_ end: TrialEnd) async {
        guard let candidate = history.candidate else { return }
        endTrial(candidate.trial, of: candidate.version, end)
        history.candidate = nil
        for pool in pools { await pool.endTrial() }
        drain(candidate.version)
    }

    private func endTrial(_ trial: Trial, of version: PluginVersion, _ end: TrialEnd) {
        trial.close()
        trialTimer = nil
        services.events.send(.trialEnded(trial.result, end), plugin: name, version: version.number)
    }

    private func quarantine(_ digest: String, _ reason: String, _ number: Int) async {
        let module = QuarantinedModule(digest: digest, reason: reason)
        history.quarantine(module)
        await noteQuarantine { record in
            record.quarantine(digest, reason: reason)
            record.letGo(digest)
        }
        services.events.send(.moduleQuarantined(module), plugin: name, version: number)
    }

    // MARK: Operators

    func promote(_ number: Int?) async throws(PluginError) {
        try await inTurn { (self) async throws(PluginError) in
            let began = ContinuousClock.now
            guard let serving = self.history.serving else { throw self.wasUnloaded }
            if let candidate = self.history.candidate, number == nil || number == candidate.version.number {
                // A shadow has an instance on each loop as well.
                try await self.pools.checkAreReady(for: candidate.version)
                try await self.keepPromoted(candidate.version)
                self.endTrial(candidate.trial, of: candidate.version, .promoted)
                try await self.cutOver(to: candidate.version, .reloaded(previous: serving.number), since: began)
                return
            }
            guard let staged = self.history.staged?.version, number == nil || number == staged.number else {
                throw self.noSuchVersion(number, "is staged or being tried")
            }
            try self.signatures.checkRequired(of: staged)
            try await self.prepare(staged)
            await self.dropCandidate(.dropped)
            try await self.cutOver(to: staged, .reloaded(previous: serving.number), since: began)
        }
    }

    func rollBack(to number: Int?) async throws(PluginError) -> PluginVersion {
        try await inTurn { (self) async throws(PluginError) in
            let began = ContinuousClock.now
            guard let serving = self.history.serving else { throw self.wasUnloaded }
            if number == nil, self.history.candidate != nil {
                await self.dropCandidate(.dropped)
                return serving
            }
            guard let version = self.history.keptVersion(number) else { throw self.noSuchVersion(number, "is kept") }
            try await self.replaceServing(with: version, since: began)
            return version
        }
    }

    private func replaceServing(with version: PluginVersion, since began: ContinuousClock.Instant)
        async throws(PluginError)
    {
        let previous = history.serving?.number ?? 0
        try signatures.checkRequired(of: version)
        try await prepare(version)
        await dropCandidate(.dropped)
        try await cutOver(to: version, .rolledBack(previous: previous), since: began)
    }

    /// Takes the version out that waits or is being tried.
    func drop(_ number: Int?) async throws(PluginError) {
        try await inTurn { (self) async throws(PluginError) in
            if let candidate = self.history.candidate, number == nil || number == candidate.version.number {
                await self.dropCandidate(.dropped)
            } else if let staged = self.history.staged, number == nil || number == staged.version.number {
                self.history.staged = nil
            } else {
                throw self.noSuchVersion(number, "is staged or being tried")
            }
        }
    }

    func quarantine(_ digest: String, _ reason: String) async throws(PluginError) {
        let digest = digest.lowercased()
        guard digest.utf8.count == 64, digest.allSatisfy(\.isHexDigit) else {
            throw PluginError(
                .configuration, plugin: name,
                message: "the SHA-256 is '\(digest.prefix(100))', expected 64 hexadecimal digits")
        }
        try await inTurn { (self) async throws(PluginError) in
            guard let serving = self.history.serving else { throw self.wasUnloaded }
            if self.history.candidate?.version.digest == digest { await self.dropCandidate(.dropped) }
            var number = serving.number
            if serving.digest == digest {
                guard let other = self.history.kept.first(where: { $0.digest != digest }) else {
                    throw PluginError(
                        .configuration, plugin: self.name, version: serving.number,
                        message:
                            "the module serves, and no other version is kept that could take its place: reload or unload the plugin"
                    )
                }
                try await self.replaceServing(with: other, since: .now)
                number = serving.number
            }
            await self.quarantine(digest, reason, number)
        }
    }

    func readmit(_ digest: String) async throws(PluginError) {
        try await inTurn { (self) async throws(PluginError) in
            guard self.history.readmit(digest.lowercased()) else {
                throw PluginError(
                    .configuration, plugin: self.name,
                    message: "no module with the SHA-256 '\(digest.prefix(100))' is quarantined")
            }
            await self.noteQuarantine { $0.readmit(digest.lowercased()) }
            self.services.events.send(
                .moduleReadmitted(digest: digest.lowercased()), plugin: self.name, version: self.current?.number ?? 0)
        }
    }

    private func noSuchVersion(_ number: Int?, _ state: String) -> PluginError {
        let numbers = history.releases.map { "\($0.number) (\($0.state))" }.joined(separator: ", ")
        return PluginError(
            .configuration, plugin: name,
            message: "no version\(number.map { " \($0)" } ?? "") \(state); there are \(numbers)")
    }
}
