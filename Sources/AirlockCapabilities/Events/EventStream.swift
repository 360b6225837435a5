import Synchronization

/// The events of some topics, in the order in which they were published. For one consumer. It ends when the topics are freed.
public struct EventStream: AsyncSequence, Sendable {
    public typealias Element = PublishedEvent
    public typealias Failure = Never

    private let lease: Lease

    init(_ subscription: EventSubscription, of topics: EventTopics) {
        lease = Lease(subscription, topics)
    }

    public func makeAsyncIterator() -> Iterator {
        Iterator(lease: lease, events: lease.subscription.stream.makeAsyncIterator())
    }

    /// Takes the events out one by one.
    public struct Iterator: AsyncIteratorProtocol {
        fileprivate let lease: Lease
        fileprivate var events: AsyncStream<PublishedEvent>.Iterator

        public mutating func next() async -> PublishedEvent? {
            await next(isolation: #isolation)
        }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> PublishedEvent? {
            guard let event = await events.next(isolation: actor) else { return nil }
            lease.subscription.take(event)
            return event
        }
    }

    /// Ends the subscription with the last copy of the stream.
    fileprivate final class Lease: Sendable {
        let subscription: EventSubscription
        private weak let topics: EventTopics?

        init(_ subscription: EventSubscription, _ topics: EventTopics) {
            self.subscription = subscription
            self.topics = topics
        }

        deinit {
            topics?.remove(subscription)
        }
    }
}

/// One stream of events as its publishers see it.
final class EventSubscription: Sendable {
    let stream: AsyncStream<PublishedEvent>
    private let continuation: AsyncStream<PublishedEvent>.Continuation
    private let patterns: [TopicPattern]
    private let mostEvents: Int
    private let mostBytes: Int
    private let held = Mutex(Held())

    private struct Held {
        var events = 0
        var bytes = 0
        var isOver = false
    }

    init(_ patterns: [TopicPattern], mostEvents: Int, mostBytes: Int) {
        (self.patterns, self.mostEvents, self.mostBytes) = (patterns, mostEvents, mostBytes)
        // Bounded by `held`, which knows of bytes too.
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        // A consumer whose task is cancelled takes nothing more, though it may still hold the stream.
        continuation.onTermination = { [weak self] _ in self?.held.withLock { $0.isOver = true } }
    }

    func wants(_ topic: String) -> Bool {
        patterns.contains { $0.matches(topic) } && !held.withLock { $0.isOver }
    }

    func hasRoom(for event: PublishedEvent) -> Bool {
        held.withLock { $0.events < mostEvents && event.bytes.count <= mostBytes - $0.bytes }
    }

    func deliver(_ event: PublishedEvent) {
        held.withLock { held in
            held.events += 1
            held.bytes += event.bytes.count
        }
        continuation.yield(event)
    }

    func take(_ event: PublishedEvent) {
        held.withLock { held in
            held.events -= 1
            held.bytes -= event.bytes.count
        }
    }

    func finish() {
        continuation.finish()
    }
}
