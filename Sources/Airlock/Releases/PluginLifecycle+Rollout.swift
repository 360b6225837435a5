import WorkerLoop

/// Bringing versions into service and taking them out of it. All of it is done in turns.
extension PluginLifecycle {
    /// Begins with a version that is ready. The first one serves at once, whatever the strategy.
    /// - Throws: Where it cannot be written to disk that it serves; then it does not.
    func begin(
        _ version: PluginVersion, _ strategy: ReloadStrategy, since began: ContinuousClock.Instant
    ) async throws(PluginError) {
        guard let serving = history.serving else {
            return try await cutOver(to: version, .loaded, since: began)
        }
        await dropOverdrawn()
        try checkIsNotQuarantined(version.digest)
        guard strategy.kind != .immediate else {
            try await cutOver(to: version, .reloaded(previous: serving.number), since: began)
            history.staged = nil
            return
        }
        try await pools.checkAreReady(for: version)
        await dropCandidate(.dropped)
        history.staged = nil
        switch strategy.kind {
        case .immediate, .manual:
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

    /// Has a version take over. Whatever can fail is done before anything changes.
    /// - Parameters:
    ///   - evenUnwritten: whether it serves also where that cannot be written to disk.
    ///   - end: how its trial ends, if it is being tried.
    func cutOver(
        to version: PluginVersion, _ event: PluginEvent.Kind, since began: ContinuousClock.Instant,
        evenUnwritten: Bool = false, _ end: TrialEnd = .promoted
    ) async throws(PluginError) {
        let previous = history.serving
        do throws(PluginError) {
            try await pools.checkAreReady(for: version)
            try await prepareForState(version)
        } catch {
            await discardPrepared(version)
            throw error
        }
        // First, so that what serves is never another version than the one that serves after a restart, but for a kill in between.
        do throws(PluginError) {
            try await keepPromoted(version, evenUnwritten: evenUnwritten)
        } catch {
            guard evenUnwritten else {
                await discardPrepared(version)
                throw error
            }
            services.events.send(.storeFailed(error), plugin: name, version: version.number)
        }
        do throws(PluginError) {
            // Exports may have been looked up meanwhile, and calls of a trial may have ended.
            try signatures.checkRequired(of: version)
            try checkIsInBudget(version)
        } catch {
            await discardPrepared(version)
            if let previous { await notePromoted(previous) }
            throw error
        }
        if let candidate = history.candidate, candidate.version === version {
            endTrial(candidate.trial, of: version, end)
        } else {
            await dropCandidate(.dropped)
        }
        let steps = ReloadSteps(events: services.events, plugin: name, version: version.number)
        try await steps.take(.cutOver) { () async throws(PluginError) in await serve(version) }
        // After it: until then the version before could still be paused.
        specification.crashGuard?.readmit()
        services.events.send(event, plugin: name, version: version.number, duration: .now - began)
        if let previous, previous !== version { drain(previous) }
    }

    /// Makes instances that take the state over in place of those that a trial left its marks in.
    private func prepareForState(_ version: PluginVersion) async throws(PluginError) {
        guard let serving = history.serving, history.candidate?.version === version,
            pools.contains(where: \.handsOverState), StateHandover.isPossible(from: serving, to: version)
        else { return }
        try await prepare(version)
    }

    private func checkIsInBudget(_ version: PluginVersion) throws(PluginError) {
        guard let candidate = history.candidate, candidate.version === version, candidate.trial.isOverdrawn else {
            return
        }
        throw PluginError(
            .quarantined, plugin: name, version: version.number,
            message: "the version has overdrawn its error budget with \(candidate.trial.result)")
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
            Task { await self?.endWindow(of: trial) }
        }
    }

    /// What runs when the window has passed may fail yet. It is waited for outside of turns, since an operator does not wait for it.
    private func endWindow(of trial: Trial) async {
        guard let candidate = history.candidate, candidate.trial === trial else { return }
        await pools.finishCalls(of: candidate.version)
        await end(trial)
    }

    /// Ends a trial whose window has passed or whose budget is overdrawn.
    private func end(_ trial: Trial) async {
        try? await inTurn { (self) async throws(PluginError) in
            guard let candidate = self.history.candidate, candidate.trial === trial, let serving = self.history.serving
            else { return }
            let version = candidate.version
            guard !trial.isOverdrawn else { return await self.dropCandidate(.overBudget) }
            // Nothing is known of it yet, it is being started again somewhere, or calls wait for it that may yet overdraw the budget.
            guard trial.result.calls > 0, (try? await self.pools.checkAreReady(for: version)) != nil,
                trial.allows(moreFailures: await self.pools.waitingCalls(of: version))
            else { return self.beginWindow(of: trial) }
            guard !trial.isShadow else { return await self.stageCandidate(candidate) }
            trial.close()
            do throws(PluginError) {
                try await self.cutOver(to: version, .reloaded(previous: serving.number), since: .now, .passed)
            } catch {
                // Where its budget is not overdrawn it waits for an operator, who may mend the disk.
                await self.stageCandidate(candidate)
                let isStorage = error.code == .storage
                self.services.events.send(
                    isStorage ? .storeFailed(error) : .reloadFailed(error), plugin: self.name, version: version.number)
            }
        }
    }

    private func stageCandidate(_ candidate: ReleaseHistory.Candidate) async {
        await dropCandidate(.passed)
        guard history.quarantine(of: candidate.version.digest) == nil else { return }
        history.staged = .init(version: candidate.version, result: candidate.trial.result)
        services.events.send(.staged, plugin: name, version: candidate.version.number)
    }

    /// Takes the version out that is being tried if its budget does not allow what has happened, whoever comes first to see it.
    func dropOverdrawn() async {
        guard history.candidate?.trial.isOverdrawn == true else { return }
        await dropCandidate(.overBudget)
    }

    /// Takes the version out that is being tried, if one is, and quarantines its module if its budget is overdrawn.
    func dropCandidate(_ end: TrialEnd) async {
        guard let candidate = history.candidate else { return }
        let (trial, version) = (candidate.trial, candidate.version)
        trial.close()
        let isOverdrawn = trial.isOverdrawn
        endTrial(trial, of: version, isOverdrawn ? .overBudget : end)
        history.candidate = nil
        for pool in pools { await pool.endTrial() }
        drain(version)
        // Where the same module serves, it is not worse than itself.
        guard isOverdrawn, version.digest != history.serving?.digest else { return }
        await quarantine(version.digest, "it overdrew its error budget with \(trial.result)", version.number)
    }

    private func endTrial(_ trial: Trial, of version: PluginVersion, _ end: TrialEnd) {
        trial.close()
        trialTimer = nil
        services.events.send(.trialEnded(trial.result, end), plugin: name, version: version.number)
    }

    func quarantine(_ digest: String, _ reason: String, _ number: Int) async {
        let module = QuarantinedModule(digest: digest, reason: reason)
        history.quarantine(module)
        await noteQuarantine { record in
            record.quarantine(digest, reason: reason)
            record.letGo { $0 == digest }
        }
        services.events.send(.moduleQuarantined(module), plugin: name, version: number)
    }
}
