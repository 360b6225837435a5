/// What the filters of one VM identifier may keep in queues.
public struct SharedQueueLimits: Sendable, Hashable {
    /// The most items in a queue.
    public var items: Int
    /// The most bytes in a queue.
    public var bytes: Int
    /// The most queues of one VM identifier.
    public var queues: Int

    /// Sets the limits.
    public init(items: Int = 1_000, bytes: Int = 1 << 20, queues: Int = 16) {
        self.items = items
        self.bytes = bytes
        self.queues = queues
    }
}
