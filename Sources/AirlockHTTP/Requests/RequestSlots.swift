import Synchronization

/// Counts the requests under way of one grant; those of a narrowed grant count for the grant that it came from as well.
final class RequestSlots: Sendable {
    private let most: Int
    private let parent: RequestSlots?
    private let taken = Mutex(0)

    init(most: Int, parent: RequestSlots? = nil) {
        self.most = most
        self.parent = parent
    }

    /// Takes one slot, if there is one here and in the grants above.
    func take() -> Bool {
        let hasOne = taken.withLock { taken in
            guard taken < most else { return false }
            taken += 1
            return true
        }
        guard hasOne, let parent, !parent.take() else { return hasOne }
        taken.withLock { $0 -= 1 }
        return false
    }

    func release() {
        taken.withLock { $0 -= 1 }
        parent?.release()
    }
}
