import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

@Suite("Events")
struct EventsTests {
    private let topics = EventTopics()

    /// Publishes events in one call each; what the guest was told.
    private func publish(
        _ events: [(topic: [UInt8], bytes: [UInt8])],
        with grant: Events
    ) async throws -> [Int32] {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(publishing), name: "shop", granting: [grant])
            let publish = try plugin.function(
                "publish", taking: Int32.self, Int32.self, Int32.self, Int32.self, returning: Int32.self)
            return try await plugin.withSession { (session) throws(PluginError) in
                var results: [Int32] = []
                for (topic, bytes) in events {
                    try session.write(topic, at: 0)
                    try session.write(bytes, at: 1024)
                    results.append(try session.call(publish, 0, Int32(topic.count), 1024, Int32(bytes.count)))
                }
                return results
            }.value
        }
    }

    private func publish(_ topic: String, _ text: String = "", with grant: Events) async throws -> Int32 {
        try await publish([(Array(topic.utf8), Array(text.utf8))], with: grant)[0]
    }

    @Test func `events go to who listens, in order and with the plugin's name`() async throws {
        let stream = topics.events(of: ["orders.*"])
        let grant = Events(topics, publishing: ["orders.*"])
        #expect(try await publish("orders.created", "one", with: grant) == 0)
        #expect(try await publish("orders.paid", "", with: grant) == 0)
        var events = stream.makeAsyncIterator()
        #expect(
            await events.next() == PublishedEvent(plugin: "shop", topic: "orders.created", bytes: Array("one".utf8)))
        #expect(await events.next() == PublishedEvent(plugin: "shop", topic: "orders.paid", bytes: []))
    }

    @Test func `everybody who listens gets the event`() async throws {
        let streams = [topics.events(), topics.events(of: ["a", "b"]), topics.events(of: ["b"])]
        let grant = Events(topics, publishing: ["*"])
        #expect(try await publish("a", with: grant) == 0)
        #expect(try await publish("b", with: grant) == 0)
        for (stream, first) in zip(streams, ["a", "a", "b"]) {
            var events = stream.makeAsyncIterator()
            #expect(await events.next()?.topic == first)
        }
    }

    @Test func `the guest is told where nobody listens, and where nobody does any more`() async throws {
        let grant = Events(topics, publishing: ["*"])
        #expect(try await publish("a", with: grant) == -3)
        do {
            let stream = topics.events(of: ["b"])
            #expect(try await publish("a", with: grant) == -3)
            #expect(try await publish("b", with: grant) == 0)
            withExtendedLifetime(stream) {}
        }
        #expect(try await publish("b", with: grant) == -3)
    }

    @Test func `a stream that is full takes nothing more until it is read, and the guest is told`() async throws {
        let few = topics.events(holding: 2)
        let grant = Events(topics, publishing: ["*"])
        let many = topics.events()
        #expect(try await publish("a", "1", with: grant) == 0)
        #expect(try await publish("a", "2", with: grant) == 0)
        #expect(try await publish("a", "3", with: grant) == -1)
        var events = few.makeAsyncIterator()
        #expect(await events.next()?.bytes == Array("1".utf8))
        #expect(try await publish("a", "4", with: grant) == 0)
        // What one had no room for, nobody got.
        var others = many.makeAsyncIterator()
        for text in ["1", "2", "4"] { #expect(await others.next()?.bytes == Array(text.utf8)) }
    }

    @Test func `bytes that wait are bounded as well`() async throws {
        let stream = topics.events(bytes: 10)
        let grant = Events(topics, publishing: ["*"])
        #expect(try await publish("a", "1234567", with: grant) == 0)
        #expect(try await publish("a", "1234", with: grant) == -1)
        #expect(try await publish("a", "123", with: grant) == 0)
        #expect(try await publish("a", "", with: grant) == 0)
        var events = stream.makeAsyncIterator()
        #expect(await events.next()?.bytes.count == 7)
        #expect(try await publish("a", "1234567", with: grant) == 0)
    }

    @Test func `an event that is too large is refused by a code`() async throws {
        let stream = topics.events()
        let grant = Events(topics, publishing: ["a"], bytesPerEvent: 4)
        #expect(try await publish("a", "12345", with: grant) == -2)
        #expect(try await publish("a", "1234", with: grant) == 0)
        withExtendedLifetime(stream) {}
    }

    @Test(arguments: [
        "order", "orders", "orders.", "Orders.created", "ordersx", " orders.created", "invoices\0", "invoices.",
        "caf\u{65}\u{301}", "other\nline",
    ])
    func `a topic that is not granted is denied`(topic: String) async throws {
        let stream = topics.events()
        let grant = Events(topics, publishing: ["orders.*", "invoices", "caf\u{E9}"])
        let error = await #expect(throws: PluginError.self) { try await publish(topic, with: grant) }
        #expect(error?.code == .denied)
        #expect(error?.message.contains("granted are 'orders.*', 'invoices', 'caf\u{E9}'") == true)
        #expect(error?.message.unicodeScalars.contains { $0.value < 0x20 } == false)
        withExtendedLifetime(stream) {}
    }

    @Test(arguments: [[], [0xFF], [0xC3], [UInt8](repeating: 0x61, count: 257)])
    func `a topic that is none ends the call`(topic: [UInt8]) async throws {
        let error = await #expect(throws: PluginError.self) {
            try await publish([(topic, [])], with: Events(topics, publishing: ["*"]))
        }
        #expect(error?.code == .badArgument)
    }

    @Test(arguments: forgedPointers)
    func `forged pointers end the call`(offset: Int32, count: Int32) async throws {
        let stream = topics.events()
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(publishing), granting: [Events(topics, publishing: ["*"])])
            let publish = try plugin.function(
                "publish", taking: Int32.self, Int32.self, Int32.self, Int32.self, returning: Int32.self)
            // "x" stands at 512.
            for (topic, event) in [((offset, count), (Int32(0), Int32(1))), ((512, 1), (offset, count))] {
                let error = await #expect(throws: PluginError.self) {
                    try await plugin.call(publish, topic.0, topic.1, event.0, event.1)
                }
                #expect(error?.code == .badArgument)
            }
            #expect(try await plugin.call(publish, 512, 1, 512, 1).value == 0)
        }
        var events = stream.makeAsyncIterator()
        #expect(await events.next()?.bytes == Array("x".utf8))
    }

    @Test func `without the grant the plugin is refused`() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [Events.self])
        try await withPluginHost(configuration) { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.wat(publishing)) }
            #expect(error?.code == .missingCapability)
            #expect(error?.message.contains("airlock:events.publish needs the capability 'airlock:events'") == true)
        }
    }

    @Test func `who was cancelled does not listen any more`() async throws {
        let stream = topics.events()
        let grant = Events(topics, publishing: ["*"])
        #expect(try await publish("a", with: grant) == 0)
        let consumer = Task {
            // Safe: the task is used within the closure only.
            for await _ in stream { unsafe withUnsafeCurrentTask { task in unsafe task?.cancel() } }
        }
        await consumer.value
        #expect(try await publish("a", with: grant) == -3)
        withExtendedLifetime(stream) {}
    }

    @Test func `streams end with their topics`() async throws {
        var topics: EventTopics? = EventTopics()
        let stream = topics?.events()
        topics = nil
        var events = stream?.makeAsyncIterator()
        #expect(await events?.next() == nil)
    }

    @Test func `patterns cover what they match and nothing else`() {
        #expect(TopicPattern("*").covers("orders.*"))
        #expect(TopicPattern("orders.*").covers("orders.new.*"))
        #expect(TopicPattern("orders.*").covers("orders.created"))
        #expect(!TopicPattern("orders.*").covers("*"))
        #expect(!TopicPattern("orders.*").covers("orders"))
        #expect(!TopicPattern("orders.new.*").covers("orders.*"))
        #expect(!TopicPattern("orders").covers("orders.*"))
        #expect(!TopicPattern("caf\u{E9}").covers("cafe\u{301}"))
        #expect(TopicPattern("caf\u{E9}") != "cafe\u{301}")
        #expect(!TopicPattern("or*").matches("orders"))
        #expect(TopicPattern("or*").matches("or*"))
        #expect(!TopicPattern("*").matches(""))
    }

    @Test func `a wish takes some of the topics and cannot add others`() throws {
        let grant = Events(topics, publishing: ["orders.*", "invoices"], bytesPerEvent: 100)
        let wish = CapabilityWish(
            "airlock:events",
            parameters: ["topics": .list([.text("orders.created")]), "bytesPerEvent": .text("1 KiB")]
        )
        let narrow = try grant.attenuated(to: wish)
        #expect(narrow.patterns == ["orders.created"])
        #expect(narrow.bytesPerEvent == 100)
        for topic in ["*", "invoices.*", "users"] {
            let greedy = CapabilityWish("airlock:events", parameters: ["topics": .list([.text(topic)])])
            let denial = #expect(throws: PluginError.self) { try grant.attenuated(to: greedy) }
            #expect(denial?.code == .denied)
        }
    }

    @Test func `a policy lists topics`() throws {
        let policy: [String: ManifestValue] = ["topics": .list([.text("orders.*")]), "bytesPerEvent": .integer(9)]
        let grant = try ManifestFields.read(policy) { (fields) throws(PluginError) in
            try Events(policy: &fields, topics: topics)
        }
        #expect(grant.patterns == ["orders.*"])
        #expect(grant.bytesPerEvent == 9)
        #expect(throws: PluginError.self) {
            try ManifestFields.read([:]) { (fields) throws(PluginError) in
                try Events(policy: &fields, topics: topics)
            }
        }
    }
}

private let publishing = #"""
    (module
      (import "airlock:events" "publish" (func $publish (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 512) "x")
      (func (export "publish") (param i32 i32 i32 i32) (result i32)
        local.get 0 local.get 1 local.get 2 local.get 3 call $publish))
    """#
