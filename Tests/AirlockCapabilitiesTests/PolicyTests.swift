import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

@Suite("Standard capabilities under a policy")
struct PolicyTests {
    private let log = RecordedLog()
    private let topics = EventTopics()
    private let store = InMemoryKeyValueStore()

    private func policy(_ yaml: String) throws -> PluginPolicy {
        let (log, topics, store) = (log, topics, store)
        let reader = PolicyReader(capabilities: [
            Logging.id: { (fields) throws(PluginError) in try Logging(policy: &fields, to: log.logger()) },
            Clock.id: { (fields) throws(PluginError) in try Clock(policy: &fields) },
            Randomness.id: { (fields) throws(PluginError) in try Randomness(policy: &fields) },
            Environment.id: { (fields) throws(PluginError) in try Environment(policy: &fields) },
            Events.id: { (fields) throws(PluginError) in try Events(policy: &fields, topics: topics) },
            KeyValue.id: { (fields) throws(PluginError) in try KeyValue(policy: &fields, store: store) },
        ])
        return try reader.read(yaml: Array(yaml.utf8))
    }

    private let widest = """
        capabilities:
          - id: airlock:log
            with: { level: warning }
          - id: airlock:clock
            with: { time: frozen, frozenAt: 1000000000 }
          - id: airlock:random
            with: { seed: 7, bytesPerFill: 1 KiB }
          - id: airlock:environment
            with: { variables: { REGION: eu } }
          - id: airlock:events
            with: { topics: ["orders.*"] }
          - id: airlock:kv
            with: { namespace: cart, keys: 10 }
        """

    @Test func `a plugin gets what is both in its manifest and in the policy`() async throws {
        try await withPluginHost { host in
            let manifest = PluginManifest(
                name: "shop",
                wishes: [
                    CapabilityWish("airlock:log", parameters: ["level": .text("debug")]),
                    CapabilityWish("airlock:clock"),
                    CapabilityWish("airlock:events", parameters: ["topics": .list([.text("orders.paid")])]),
                    CapabilityWish("airlock:kv", parameters: ["keys": .integer(1)]),
                ]
            )
            let plugin = try await host.loadSuspendable(
                .wat(shop), name: "shop", under: policy(widest), manifest: .manifest(manifest))
            let events = topics.events()

            let log = try plugin.function("log", taking: Int32.self, returning: Int32.self)
            #expect(try await plugin.call(log, 1).value == -1)
            #expect(try await plugin.call(log, 4).value == 0)
            #expect(self.log.lines.map(\.metadata) == [["plugin": "shop"]])

            let time = try plugin.function("time", returning: Int64.self)
            #expect(try await plugin.call(time).value == 1_000_000_000_000_000_000)

            let set = try plugin.function("set", taking: Int32.self, returning: Int32.self)
            #expect(try await plugin.call(set, 1).value == 0)
            #expect(try await plugin.call(set, 2).value == -4)

            let publish = try plugin.function("publish", taking: Int32.self, returning: Int32.self)
            #expect(try await plugin.call(publish, 11).value == 0)
            let denial = await #expect(throws: PluginError.self) { try await plugin.call(publish, 10) }
            #expect(denial?.code == .denied)
            withExtendedLifetime(events) {}
        }
    }

    @Test(arguments: [
        CapabilityWish("airlock:environment", parameters: ["names": .list([.text("HOME")])]),
        CapabilityWish("airlock:events", parameters: ["topics": .list([.text("*")])]),
        CapabilityWish("airlock:kv", parameters: ["namespace": .text("other")]),
    ])
    func `a plugin that asks for more than the policy has is not loaded`(wish: CapabilityWish) async throws {
        try await withPluginHost { host in
            let manifest = PluginManifest(name: "shop", wishes: [wish])
            let error = await #expect(throws: PluginError.self) {
                try await host.loadSuspendable(.wat("(module)"), under: policy(widest), manifest: .manifest(manifest))
            }
            #expect(error?.message.contains("granted") == true)
            #expect(error?.message.contains("'\(wish.capability)'") == true)
        }
    }

    @Test(arguments: [
        "{ id: airlock:log, with: { level: loud } }", "{ id: airlock:clock, with: { time: local } }",
        "{ id: airlock:clock, with: { frozenAt: 5 } }", "{ id: airlock:random, with: { seed: -1 } }",
        "{ id: airlock:environment, with: { variables: [A] } }", "{ id: airlock:events }", "{ id: airlock:kv }",
        "{ id: airlock:kv, with: { namespace: cart, keys: -1 } }",
        "{ id: airlock:kv, with: { namespace: cart, key: 1 } }",
    ])
    func `a policy with a mistake is refused, and the message says where`(capability: String) throws {
        let error = #expect(throws: PluginError.self) { try policy("capabilities:\n  - \(capability)") }
        #expect(error?.code == .configuration)
        #expect(error?.message.hasPrefix("policy.yaml:2:") == true)
    }
}

/// Publishes to `orders.paid` (11 bytes) or `orders.pai` (10 bytes).
private let shop = #"""
    (module
      (import "airlock:log" "write" (func $write (param i32 i32 i32) (result i32)))
      (import "airlock:clock" "wall-time" (func $time (result i64)))
      (import "airlock:events" "publish" (func $publish (param i32 i32 i32 i32) (result i32)))
      (import "airlock:kv" "set" (func $set (param i32 i32 i32 i32 i64) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 0) "orders.paid")
      (func (export "log") (param i32) (result i32) (call $write (local.get 0) (i32.const 0) (i32.const 6)))
      (func (export "time") (result i64) call $time)
      (func (export "publish") (param i32) (result i32)
        (call $publish (i32.const 0) (local.get 0) (i32.const 0) (i32.const 0)))
      (func (export "set") (param i32) (result i32)
        (call $set (i32.const 0) (local.get 0) (i32.const 0) (i32.const 0) (i64.const 0))))
    """#
