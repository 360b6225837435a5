import ServiceLifecycle
import Synchronization

/// Whether the gateway takes requests: from when it listens until it begins to drain.
final class Readiness: Sendable {
    private let ready = Atomic(false)

    var isReady: Bool { ready.load(ordering: .relaxed) }

    func begin() { ready.store(true, ordering: .relaxed) }

    func end() { ready.store(false, ordering: .relaxed) }
}
