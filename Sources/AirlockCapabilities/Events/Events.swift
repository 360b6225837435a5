public import Airlock

/// Lets a plugin publish events to topics of the host.
///
/// Guests import from `airlock:events`:
///
/// | function | WebAssembly type | |
/// | --- | --- | --- |
/// | `publish` | `(topic i32, topic-length i32, event i32, event-length i32) -> i32` | publishes one event |
///
/// It returns 0 where the event was delivered. Otherwise nobody got it, and the plugin may keep it and try again: -1 says that who listens
/// has no room for now, -2 that the event is too large, -3 that nobody listens to the topic.
///
/// A topic is UTF-8 of 1 to ``longestTopic`` bytes; another ends the call with ``PluginError/Code/badArgument``, and one that is not
/// granted with ``PluginError/Code/denied``.
public struct Events: AttenuableCapability {
    public static let id: CapabilityID = "airlock:events"

    /// The most bytes of a topic's name.
    public static let longestTopic = 256

    /// Where the events go.
    public let topics: EventTopics
    /// The topics that plugins may publish to.
    public internal(set) var patterns: [TopicPattern]
    /// The most bytes of one event.
    public internal(set) var bytesPerEvent: Int

    /// Grants topics.
    public init(_ topics: EventTopics, publishing patterns: [TopicPattern], bytesPerEvent: Int = 64 << 10) {
        self.topics = topics
        self.patterns = patterns
        self.bytesPerEvent = bytesPerEvent
    }

    public static let functions = HostFunctions<Self>(module: "airlock:events") {
        HostFunction("publish") { (events, call, topic: GuestBytes, bytes: GuestBytes) throws(HostError) -> Int32 in
            let topic = try events.topic(topic, call)
            guard bytes.count <= events.bytesPerEvent else {
                try call.require(bytes)
                return EventDelivery.tooLarge.rawValue
            }
            let event = PublishedEvent(plugin: call.plugin, topic: topic, bytes: try call.bytes(of: bytes))
            return events.topics.publish(event).rawValue
        }
    }

    private func topic(_ bytes: GuestBytes, _ call: borrowing HostCall) throws(HostError) -> String {
        try call.require(bytes)
        guard (1...UInt32(Self.longestTopic)).contains(bytes.count) else {
            throw HostError(.badArgument, "the topic has \(bytes.count) bytes, expected 1 to \(Self.longestTopic)")
        }
        let topic = try call.string(of: GuestString(bytes))
        guard patterns.contains(where: { $0.matches(topic) }) else {
            let name = LogText.quoted(Array(topic.utf8))
            throw HostError(.denied, "the plugin asked to publish to \(name); granted are \(patternsInWords)")
        }
        return topic
    }

    private var patternsInWords: String {
        patterns.isEmpty ? "none" : patterns.map { LogText.quoted(Array($0.description.utf8)) }.joined(separator: ", ")
    }

    public var summary: String { "publishing to \(patternsInWords), at most \(bytesPerEvent) bytes per event" }
}

extension Events {
    /// Reads a grant from a policy: `topics`, a list of patterns that must be there, and `bytesPerEvent`.
    public init(policy fields: inout ManifestFields, topics: EventTopics) throws(PluginError) {
        guard let patterns = try fields.texts("topics") else {
            throw fields.missing("topics", expected: "a list of topics such as 'orders.created' or 'orders.*'")
        }
        self.init(
            topics,
            publishing: patterns.map { TopicPattern($0) },
            bytesPerEvent: try fields.byteCount("bytesPerEvent") ?? 64 << 10
        )
    }

    /// A wish may list `topics` and name `bytesPerEvent`; what is more than this grant is cut down to it.
    /// - Throws: ``PluginError/Code/denied`` where a topic is not all granted.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        try wish.read { (fields) throws(PluginError) in
            let wished = try fields.texts("topics")?.map { TopicPattern($0) }
            if let other = wished?.first(where: { wish in !patterns.contains { $0.covers(wish) } }) {
                let name = LogText.quoted(Array(other.description.utf8))
                throw PluginError(
                    .denied,
                    message: "the wish '\(Self.id)' asks to publish to \(name); granted are \(patternsInWords)"
                )
            }
            var events = self
            events.patterns = wished ?? patterns
            events.bytesPerEvent = min(bytesPerEvent, try fields.byteCount("bytesPerEvent") ?? .max)
            return events
        }
    }
}
