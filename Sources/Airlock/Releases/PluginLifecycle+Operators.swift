/// What those who operate a plugin ask for. All of it is done in turns.
extension PluginLifecycle {
    func promote(_ number: Int?) async throws(PluginError) {
        try await inTurn { (self) async throws(PluginError) in
            let began = ContinuousClock.now
            guard let serving = self.history.serving else { throw self.wasUnloaded }
            await self.dropOverdrawn()
            let event = PluginEvent.Kind.reloaded(previous: serving.number)
            if let candidate = self.history.candidate, number == nil || number == candidate.version.number {
                // A shadow has an instance on each loop as well.
                return try await self.cutOver(to: candidate.version, event, since: began)
            }
            guard let staged = self.history.staged?.version, number == nil || number == staged.number else {
                throw self.noSuchVersion(number, "is staged or being tried")
            }
            try self.signatures.checkRequired(of: staged)
            try await self.prepare(staged)
            try await self.cutOver(to: staged, event, since: began)
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
        // Whoever goes back must get away from what serves, whatever the disk does.
        try await cutOver(to: version, .rolledBack(previous: previous), since: began, evenUnwritten: true)
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
                        .noSuchVersion, plugin: self.name, version: serving.number,
                        message:
                            "the module serves, and no other version is kept that could take its place: reload or unload the plugin"
                    )
                }
                serving.ban()
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
                    .noSuchVersion, plugin: self.name,
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
            .noSuchVersion, plugin: name,
            message: "no version\(number.map { " \($0)" } ?? "") \(state); there are \(numbers)")
    }
}
