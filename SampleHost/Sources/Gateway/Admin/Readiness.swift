import ServiceLifecycle
import Synchronization

/// Whether the gateway takes requests: from when all listeners listen until it begins to drain.
final class Readiness: Sendable {
    private let waiting: Atomic<Int>
    private let draining = Atomic(false)

    init(listeners: Int) { waiting = Atomic(listeners) }

    var isReady: Bool { waiting.load(ordering: .relaxed) <= 0 && !draining.load(ordering: .relaxed) }

    /// One listener listens.
    func begin() { waiting.subtract(1, ordering: .relaxed) }

    func end() { draining.store(true, ordering: .relaxed) }
}
