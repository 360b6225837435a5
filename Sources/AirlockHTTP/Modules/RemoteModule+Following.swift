public import Airlock
import ServiceLifecycle

extension RemoteModule {
    /// Reloads a plugin whenever the published digest changes, until the task is cancelled, its service group shuts down gracefully, or the
    /// plugin is unloaded. It fits the `run()` of a service.
    ///
    /// It looks at once and then each `interval`, a tenth more or less. A look asks for the file with the digest, with the `ETag` that came
    /// with it last (`If-None-Match`): a server without one sends the file each time. The module is fetched only when its digest is another
    /// than that of the version that serves, is staged or is being tried, and new versions take over as the plugin's ``ReloadPolicy``
    /// says. A pinned module is loaded if it is not, and no version follows it. What `Cache-Control` says is not looked at.
    ///
    /// A failed look makes the time to the next one twice as long, up to ``Configuration/longestWait``, and as long as the server asks for
    /// (`Retry-After`) within the same bound. A module that the host refuses leaves the running version in place; it is not fetched again
    /// until the digest changes. One that is quarantined is a failure once and is not fetched; when it is readmitted, it is loaded, unless
    /// that was before a look found it quarantined. What passes, such as a host without room for more instances, is tried again as after a
    /// failed look.
    ///
    /// - Parameters:
    ///   - releases: of the plugin.
    ///   - interval: the time between two looks; more than zero, at most 24 hours.
    ///   - onFailure: gets each failure, as do those who listen to the host's events: a ``RemoteModuleError`` or the ``PluginError`` of a
    ///     refused version. Nothing in either is of the URL's query.
    /// - Throws: ``RemoteModuleError/Code/configuration`` where the interval is not usable. Nothing else ends it with an error.
    public func follow(
        _ releases: PluginReleases,
        every interval: Duration,
        onFailure: @escaping @Sendable (any Error) -> Void = { _ in }
    ) async throws(RemoteModuleError) {
        guard interval > .zero, interval <= Configuration.longestInterval else {
            throw RemoteModuleError(
                .configuration, files.module,
                "is to be looked at each \(interval), expected more than zero and at most 24 hours")
        }
        await cancelWhenGracefulShutdown {
            var following = RemoteFollowing(module: self, releases: releases, interval: interval, onFailure: onFailure)
            await following.run()
        }
    }
}

/// What is known of a module that is followed.
private struct RemoteFollowing {
    let module: RemoteModule
    let releases: PluginReleases
    let interval: Duration
    let onFailure: @Sendable (any Error) -> Void

    private var known: Publication?
    /// The digest of the module that was loaded or refused last, and may not have been quarantined since.
    private var settled: String?
    /// The digest that is quarantined, which was said.
    private var quarantined: String?
    private var failures = 0

    init(
        module: RemoteModule, releases: PluginReleases, interval: Duration,
        onFailure: @escaping @Sendable (any Error) -> Void
    ) {
        self.module = module
        self.releases = releases
        self.interval = interval
        self.onFailure = onFailure
    }

    mutating func run() async {
        while !Task.isCancelled, releases.serving != nil {
            var asked = Duration.zero
            do {
                try await look()
                failures = 0
            } catch {
                guard !Task.isCancelled, releases.serving != nil else { return }
                failures += 1
                asked = (error as? RemoteModuleError)?.retryAfter ?? .zero
                if let error = error as? RemoteModuleError {
                    releases.noteUnavailable(PluginError(error, releases.plugin))
                }
                onFailure(error)
            }
            try? await Task.sleep(for: wait(asked))
        }
    }

    private mutating func look() async throws {
        let known = known
        let publication = try await module.inTime { [module] in try await module.publication(since: known) }
        self.known = publication
        let digest = publication.digest
        if let module = await releases.quarantined().first(where: { $0.digest == digest }) {
            settled = nil
            guard quarantined != digest else { return }
            quarantined = digest
            let refusal = module.refusal(of: releases.plugin)
            releases.noteUnavailable(refusal)
            onFailure(refusal)
            return
        }
        quarantined = nil
        guard digest != settled else { return }
        guard await !releases.list().contains(where: { $0.digest == digest && $0.state != .kept }) else {
            settled = digest
            return
        }
        let source = try await module.inTime { [module] in try await module.source(with: digest) }
        do {
            try await releases.reload(from: source)
            settled = digest
        } catch  where error.passes || Task.isCancelled {
            throw error
        } catch {
            settled = digest
            if error.code != .stopped { onFailure(error) }
        }
    }

    /// The time to the next look.
    private func wait(_ asked: Duration) -> Duration {
        let longest = module.configuration.longestWait
        var wait = interval
        for _ in 0..<min(failures, 64) where wait < longest { wait = min(wait * 2, longest) }
        // Servers are not asked by all hosts at the same moment, nor earlier than they ask for.
        return max(wait * Double.random(in: 0.9...1.1), min(asked, longest))
    }
}

extension PluginError {
    fileprivate init(_ error: RemoteModuleError, _ plugin: String) {
        let code: Code =
            switch error.code {
            case .digestMismatch: .digestMismatch
            case .tooLarge: .moduleBounds
            default: .invalidModule
            }
        self.init(code, plugin: plugin, message: "\(error)")
    }
}

extension QuarantinedModule {
    fileprivate func refusal(of plugin: String) -> PluginError {
        PluginError(
            .quarantined, plugin: plugin,
            message: "the published module with the SHA-256 \(digest) is quarantined until it is readmitted: \(reason)")
    }
}
