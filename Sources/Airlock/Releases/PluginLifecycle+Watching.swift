import WorkerLoop

/// Reloading when files change.
extension PluginLifecycle {
    /// Reloads whenever the file that the plugin came from changes, or the one that its manifest is in or would be.
    func follow() throws(PluginError) {
        try checkIsLoaded()
        guard case .file(let path) = source.origin else {
            throw PluginError(
                .configuration,
                plugin: name,
                message: "only a plugin that was loaded from a file can be watched"
            )
        }
        let loop = services.workers.leastLoaded()
        let manifests = specification.review?.manifest.files(for: path) ?? []
        var watches: [FileWatch] = []
        for path in [path] + manifests { watches.append(try watch(path, on: loop)) }
        self.watches = watches
    }

    private func watch(_ path: String, on loop: WorkerLoop) throws(PluginError) -> FileWatch {
        do {
            return try loop.watch(path) { [weak self] in
                guard let self else { return }
                Task { await self.fileChanged(path) }
            }
        } catch {
            throw PluginError(
                .configuration,
                plugin: name,
                message: "'\(path)' cannot be watched: \(error)"
            )
        }
    }

    private func fileChanged(_ path: String) async {
        services.events.send(.changeSeen(path: path), plugin: name, version: current?.number ?? 0)
        // Files can change faster than modules are compiled.
        guard !awaitsChange else { return }
        awaitsChange = true
        // A refusal was sent as an event, and the running version goes on. A manifest and its module may have changed together, and a
        // `plugin.yaml` may be another plugin's.
        _ = try? await reload(unlessSame: true)
    }
}
