import Logging
import Synchronization

/// Hands each plugin event to every subscriber and to the log.
final class EventHub: Sendable {
    private struct Subscribers {
        var continuations: [Int: AsyncStream<PluginEvent>.Continuation] = [:]
        var next = 0
        var isFinished = false
    }

    private let subscribers = Mutex(Subscribers())
    /// By plugin.
    private let failureLogs = Mutex<[String: FailureLog]>([:])
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    /// The events from now on. A subscriber that does not keep up loses the oldest beyond 256.
    func subscribe() -> AsyncStream<PluginEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: PluginEvent.self,
            bufferingPolicy: .bufferingNewest(256)
        )
        let id: Int? = subscribers.withLock {
            guard !$0.isFinished else { return nil }
            $0.next += 1
            $0.continuations[$0.next] = continuation
            return $0.next
        }
        if let id {
            continuation.onTermination = { [weak self] _ in
                _ = self?.subscribers.withLock { $0.continuations.removeValue(forKey: id) }
            }
        } else {
            continuation.finish()
        }
        return stream
    }

    func send(_ kind: PluginEvent.Kind, plugin: String, version: Int, duration: Duration? = nil) {
        let event = PluginEvent(kind: kind, plugin: plugin, version: version, duration: duration)
        log(event)
        let continuations = subscribers.withLock { Array($0.continuations.values) }
        for continuation in continuations {
            continuation.yield(event)
        }
    }

    func finish() {
        let continuations = subscribers.withLock {
            $0.isFinished = true
            return Array($0.continuations.values)
        }
        for continuation in continuations {
            continuation.finish()
        }
    }

    private func log(_ event: PluginEvent) {
        let metadata: Logger.Metadata = ["plugin": "\(event.plugin)", "version": "\(event.version)"]
        switch event.kind {
        case .loaded:
            logger.info("plugin loaded", metadata: metadata)
        case .loadFailed(let error):
            logger.error("plugin not loaded", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        case .reloaded(let previous):
            logger.info("plugin reloaded", metadata: metadata.merging(["previous": "\(previous)"]) { $1 })
        case .reloadFailed(let error):
            logger.error("plugin reload refused", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        case .step(let step, let error):
            let metadata = metadata.merging(["step": "\(step)", "took": "\(event.duration ?? .zero)"]) { $1 }
            logger.debug("reload step", metadata: error.map { metadata.merging(["error": "\($0)"]) { $1 } } ?? metadata)
        case .staged:
            logger.notice("plugin version staged", metadata: metadata)
        case .trialBegan(let strategy):
            logger.notice("plugin version is tried", metadata: metadata.merging(["strategy": "\(strategy)"]) { $1 })
        case .trialEnded(let result, let end):
            let metadata = metadata.merging(["end": "\(end)", "result": "\(result)"]) { $1 }
            logger.log(
                level: end == .overBudget ? .error : .notice, "plugin version is not tried any more", metadata: metadata
            )
        case .rolledBack(let previous):
            logger.notice("plugin rolled back", metadata: metadata.merging(["previous": "\(previous)"]) { $1 })
        case .stateRestored(let bytes):
            logger.debug("plugin state handed over", metadata: metadata.merging(["bytes": "\(bytes)"]) { $1 })
        case .stateLost(let error):
            logger.error("plugin state lost", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        case .storeFailed(let error):
            logger.error("releases are not kept on disk", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        case .recallFailed(let error):
            logger.error("promoted version not served", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        case .drained(let stopped):
            logger.log(
                level: stopped == 0 ? .debug : .warning, "plugin version drained",
                metadata: metadata.merging(["stopped": "\(stopped)"]) { $1 })
        case .moduleQuarantined(let module):
            logger.error(
                "module quarantined",
                metadata: metadata.merging(["digest": "\(module.digest)", "reason": "\(module.reason)"]) { $1 })
        case .moduleReadmitted(let digest):
            logger.notice("module readmitted", metadata: metadata.merging(["digest": "\(digest)"]) { $1 })
        case .decided(let decision):
            let grants = decision.grants.map { "\(type(of: $0).id): \($0.summary)" }
            logger.info(
                "plugin granted what its policy gives",
                metadata: metadata.merging(["grants": "\(grants)", "notes": "\(decision.notes)"]) { $1 }
            )
        case .changeSeen(let path):
            logger.debug("plugin file changed", metadata: metadata.merging(["path": "\(path)"]) { $1 })
        case .removalSeen(let path):
            logger.notice("plugin removed from its folder", metadata: metadata.merging(["path": "\(path)"]) { $1 })
        case .folderUnreadable(let error):
            logger.error("folder of plugins", metadata: ["error": "\(error)"])
        case .sourceUnavailable(let error):
            logger.warning("plugin's source unavailable", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        case .compiling(let route):
            logger.debug("module is being compiled", metadata: metadata.merging(["route": "\(route)"]) { $1 })
        case .compiled(let route):
            logger.debug("module compiled", metadata: metadata.merging(["route": "\(route)"]) { $1 })
        case .compilationFailed(let error):
            logger.warning("module not compiled", metadata: metadata.merging(["error": "\(error)"]) { $1 })
        case .cacheProblem(let problem):
            logger.warning("cache of compiled modules", metadata: metadata.merging(["problem": "\(problem)"]) { $1 })
        case .instanceDiscarded(let error):
            let left = failureLogs.withLock { $0[event.plugin, default: FailureLog()].take() }
            guard let left else { return }
            var metadata = metadata.merging(["error": "\(error)"]) { $1 }
            if left > 0 { metadata["not-logged-before"] = "\(left)" }
            logger.warning("plugin instance discarded", metadata: metadata)
        case .paused(let pause):
            logger.error("plugin paused after failures", metadata: metadata.merging(["pause": "\(pause)"]) { $1 })
        case .quarantined:
            logger.error("plugin quarantined", metadata: metadata)
        case .readmitted:
            logger.notice("plugin readmitted", metadata: metadata)
        case .unloaded:
            _ = failureLogs.withLock { $0.removeValue(forKey: event.plugin) }
            logger.info("plugin unloaded", metadata: metadata)
        }
    }
}
