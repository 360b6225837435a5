import WorkerLoop

/// Reloading when files change.
extension PluginLifecycle {
    /// Reloads whenever the file that the plugin came from changes, or the one that its manifest or its signature is in or would be.
    func follow() throws(PluginError) {
        try checkIsLoaded()
        let path: String
        switch source.origin {
        case .file(let file): path = file
        case .versions(let folder):
            follower = try follow(PluginFolder(versionsOf: name, in: folder), of: source)
            return
        case .bytes, .wat:
            throw PluginError(
                .configuration,
                plugin: name,
                message: "only a plugin that was loaded from a file or a folder of versions can be watched"
            )
        }
        let manifests = specification.review?.manifest.files(for: path) ?? []
        let watched = source
        var watches: [FileWatch] = []
        let signatures = expectsSignature ? [path + ModuleBytes.signatureSuffix] : []
        for path in [path] + signatures + manifests { watches.append(try watch(path, of: watched)) }
        self.watches = watches
        // What changed between the load and now, nobody saw.
        follow(to: watched)
    }

    private var expectsSignature: Bool {
        source.signers != nil || specification.review?.policy.signers(of: name) != nil
    }

    /// Reloads when another version is the greatest one, or that one is written anew.
    private func follow(_ folder: PluginFolder, of source: PluginSource) throws(PluginError) -> FolderFollower {
        // All of it is told at first, so that what changed between the load and now is seen.
        try services.followers.follow(folder, debounce: .milliseconds(20), since: []) { [weak self] change in
            Task { await self?.take(change, of: source) }
        }
    }

    private func take(_ change: PluginFolder.Change, of source: PluginSource) {
        let number = current?.number ?? 0
        switch change {
        case .difference(let difference):
            for found in difference.removed {
                services.events.send(.removalSeen(path: found.path), plugin: name, version: number)
            }
            for found in difference.added + difference.changed { fileChanged(found.path, of: source) }
        case .unreadable(let error):
            services.events.send(.folderUnreadable(error), plugin: name, version: number)
        }
    }

    /// Reloads from another file, or from the same one that was written anew.
    func reload(foundAt path: String) async throws(PluginError) {
        services.events.send(.changeSeen(path: path), plugin: name, version: current?.number ?? 0)
        // Also where it is refused, so that an operator's reload is one of what is there.
        source.origin = .file(path)
        _ = try await reload(unlessSame: true)
    }

    /// - Parameter source: what is loaded when the file changes, whatever was loaded in between.
    private func watch(_ path: String, of source: PluginSource) throws(PluginError) -> FileWatch {
        do {
            // Where modules are read: whoever follows a path waits for its disk. What is half-written is waited for, so that there is no need
            // for long silence.
            return try services.compiler.loop.watch(path, debounce: .milliseconds(5)) { [weak self] in
                guard let self else { return }
                Task { await self.fileChanged(path, of: source) }
            }
        } catch {
            throw PluginError(
                .configuration,
                plugin: name,
                message: "'\(path)' cannot be watched: \(error)"
            )
        }
    }

    private func fileChanged(_ path: String, of source: PluginSource) {
        services.events.send(.changeSeen(path: path), plugin: name, version: current?.number ?? 0)
        follow(to: source)
    }

    /// - Parameter pause: how long to wait before the next attempt where this one is refused for what passes.
    private func follow(to source: PluginSource, pause: Duration = .seconds(1)) {
        // Files can change faster than modules are compiled.
        guard !awaitsChange, !isUnloaded else { return }
        awaitsChange = true
        retry = nil
        Task { await self.load(changed: source, pause: pause) }
    }

    /// Loads a file that changed. A refusal is an event, and the running version goes on.
    private func load(changed source: PluginSource, pause: Duration) async {
        await services.compiler.waitForWriters(of: source) { !isUnloaded }
        do throws(PluginError) {
            // A manifest or a signature and its module may have changed together, and a `plugin.yaml` may be another plugin's.
            try await reload(from: source, unlessSame: true)
        } catch  where error.passes && !awaitsChange && !isUnloaded {
            let wait = error.code == .incomplete ? .milliseconds(10) : pause
            retry = try? services.ticker.schedule(after: wait) { [weak self] in
                Task { await self?.follow(to: source, pause: min(pause * 2, .seconds(60))) }
            }
        } catch {
            return
        }
    }
}

extension PluginError {
    /// Whether the same module may be accepted later.
    package var passes: Bool {
        [.incomplete, .overloaded, .quotaExceeded, .storage].contains(code)
    }
}
