import Synchronization

/// Where the events of plugins arrive, and where the host takes them up.
///
///     let topics = EventTopics()
///     let orders = topics.events(of: ["orders.*"])
///     let plugin = try await host.load(.file(path), granting: [Events(topics, publishing: ["orders.created"])])
///     for await event in orders { … }
///
/// An event goes to every stream whose patterns match its topic, or to none of them: where one has no room, or there is none, the plugin is
/// told so and keeps the event.
public final class EventTopics: Sendable {
    private let subscriptions = Mutex<[EventSubscription]>([])

    /// Makes topics that nobody listens to yet.
    public init() {}

    deinit {
        for subscription in subscriptions.withLock({ $0 }) { subscription.finish() }
    }

    /// The events of topics from now on. Drop the stream to stop listening.
    /// - Parameters:
    ///   - patterns: which topics.
    ///   - mostEvents: how many events wait in the stream before it has no room.
    ///   - mostBytes: the most bytes of them.
    public func events(
        of patterns: [TopicPattern] = ["*"],
        holding mostEvents: Int = 256,
        bytes mostBytes: Int = 1 << 20
    ) -> EventStream {
        let subscription = EventSubscription(patterns, mostEvents: mostEvents, mostBytes: mostBytes)
        subscriptions.withLock { $0.append(subscription) }
        return EventStream(subscription, of: self)
    }

    func remove(_ subscription: EventSubscription) {
        subscriptions.withLock { $0.removeAll { $0 === subscription } }
    }

    func publish(_ event: PublishedEvent) -> EventDelivery {
        subscriptions.withLock { subscriptions in
            let listening = subscriptions.filter { $0.wants(event.topic) }
            if listening.isEmpty { return .nobodyListens }
            // Under this lock streams only become emptier, so that all of them still have the room that they have here.
            guard listening.allSatisfy({ $0.hasRoom(for: event) }) else { return .noRoom }
            for subscription in listening { subscription.deliver(event) }
            return .delivered
        }
    }
}

/// What a plugin published.
public struct PublishedEvent: Sendable, Hashable {
    /// The plugin's name.
    public var plugin: String
    /// The topic.
    public var topic: String
    /// What it is about, in whatever form plugin and host agreed on.
    public var bytes: [UInt8]

    /// Makes an event.
    public init(plugin: String, topic: String, bytes: [UInt8]) {
        self.plugin = plugin
        self.topic = topic
        self.bytes = bytes
    }
}

/// What became of an event, as guests are told.
enum EventDelivery: Int32 {
    case delivered = 0
    case noRoom = -1
    case tooLarge = -2
    case nobodyListens = -3
}
