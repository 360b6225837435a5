/// A root context that registered queues. It lives as long as that.
final class QueueListener: Sendable {
    /// The root context's serial number.
    let root: UInt64
    /// Has its worker loop tell it that the queue with this number has an item; false where the loop takes nothing any more.
    let tell: @Sendable (_ queue: UInt32) -> Bool

    init(root: UInt64, tell: @escaping @Sendable (UInt32) -> Bool) {
        self.root = root
        self.tell = tell
    }
}
