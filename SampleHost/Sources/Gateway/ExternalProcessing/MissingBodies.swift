import Logging
import Synchronization

/// Says once that filters look at bodies which an Envoy does not send.
final class MissingBodies: Sendable {
    private let logger: Logger
    private let isTold = Atomic(false)

    init(_ logger: Logger) {
        self.logger = logger
    }

    func note(_ direction: ProcessingDirection) {
        guard !isTold.exchange(true, ordering: .relaxed) else { return }
        logger.warning(
            "a filter of external processing looks at bodies, and an Envoy did not send one: its configuration needs a body mode or allow_mode_override",
            metadata: ["message": "\(direction)"])
    }
}
