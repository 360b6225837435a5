import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

/// Guests that use a capability as often as they can: what arrives stays within the grant, the call ends in a typed error, and others are
/// served as before.
@Suite("Floods")
struct FloodTests {
    private let patient = PluginLimits(fuel: .max, deadline: .seconds(600), hostCalls: 600)

    @Test func `a flood of messages stays within the bytes of a call`() async throws {
        try await withPluginHost { host in
            let log = RecordedLog()
            let limits = LogLimits(bytesPerMessage: 40, bytesPerCall: 1040)
            // A clock that stands still, so that the count of what was suppressed waits for the grant's end.
            let grant = Logging(to: log.logger(), limits: limits, clock: ManualClock())
            let plugin = try await host.load(.wat(flooding), name: "flood", granting: grants(grant), limits: patient)
            let flood = try plugin.function("log", taking: Int32.self, returning: Int32.self)
            for round in 1...20 {
                let error = await #expect(throws: PluginError.self) { try await plugin.call(flood, -1) }
                #expect(error?.code == .hostCalls)
                #expect(error?.report?.logBytes ?? .max <= limits.bytesPerCall)
                // Ten messages of 40 bytes and 64 each in a call, and one line for what the call before could not write.
                #expect(log.lines.count { $0.message.hasPrefix("aaaa") } == 10 * round)
                #expect(log.lines.count { $0.metadata["suppressed-messages"] == "590" } == round - 1)
                #expect(log.lines.count <= 11 * round)
            }
        }
    }

    @Test func `a flood of events stays within what their listeners hold`() async throws {
        try await withPluginHost { host in
            let topics = EventTopics()
            let stream = topics.events(holding: 20)
            let grant = Events(topics, publishing: ["aaaa"])
            let plugin = try await host.load(.wat(flooding), name: "flood", granting: grants(grant), limits: patient)
            let flood = try plugin.function("publish", taking: Int32.self, returning: Int32.self)
            #expect(try await plugin.call(flood, 100).value == 20)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(flood, -1) }
            #expect(error?.code == .hostCalls)
            var events = stream.makeAsyncIterator()
            for _ in 0..<20 { #expect(await events.next()?.plugin == "flood") }
            #expect(try await plugin.call(flood, 100).value == 20)
        }
    }

    @Test func `a flood of random bytes ends with the host calls of its call`() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(flooding), granting: grants(Randomness()), limits: patient)
            let flood = try plugin.function("random", taking: Int32.self, returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(flood, -1) }
            #expect(error?.code == .hostCalls)
            #expect(try await plugin.call(flood, 3).value == 3)
        }
    }

    @Test(arguments: [KeyValueSetting.Store.memory, .sqlite])
    func `a flood of keys stays within its namespace's limits, and other namespaces are not touched`(
        store: KeyValueSetting.Store
    ) async throws {
        try await KeyValueBench.with(KeyValueSetting(store: store, way: .store)) { bench in
            try await withPluginHost { host in
                let cart = try await bench.use("cart")
                #expect(try await cart.set("k", "v") == 0)
                let namespace = KeyValueNamespace("flood")
                for (limits, keys) in [
                    (KeyValueLimits(keys: 50), 50), (KeyValueLimits(bytes: 60 * 104 + 103), 60),
                ] {
                    let grant = KeyValue(bench.store, namespace: namespace, limits: limits)
                    let plugin = try await host.loadSuspendable(.wat(keyFlooding), granting: [grant], limits: patient)
                    let flood = try plugin.function("flood", taking: Int32.self, returning: Int32.self)
                    let error = await #expect(throws: PluginError.self) { try await plugin.call(flood, -1) }
                    #expect(error?.code == .hostCalls)
                    let usage = try await bench.store.usage(of: namespace)
                    #expect(usage == KeyValueUsage(bytes: keys * 104, keys: keys))
                    // What is there already can be set again, and nothing else.
                    #expect(try await plugin.call(flood, 500).value == keys)
                    #expect(try await bench.store.usage(of: namespace) == usage)
                }
                #expect(try await cart.get("k") == "v")
                #expect(try await cart.set("l", "w") == 0)
            }
        }
    }

    /// The grant that a test is about, and others that let the guest load.
    private func grants(_ grant: any Capability) -> [any Capability] {
        let others: [any Capability] = [Logging(), Events(EventTopics(), publishing: []), Randomness()]
        return [grant] + others.filter { type(of: $0).id != type(of: grant).id }
    }
}

/// Each export calls its function so often (unsigned), and counts the calls that returned 0.
private let flooding = #"""
    (module
      (import "airlock:log" "write" (func $write (param i32 i32 i32) (result i32)))
      (import "airlock:events" "publish" (func $publish (param i32 i32 i32 i32) (result i32)))
      (import "airlock:random" "fill" (func $fill (param i32 i32)))
      (memory (export "memory") 2)
      (data (i32.const 0) "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
      (func (export "log") (param $times i32) (result i32) (local $i i32) (local $good i32)
        (loop $again
          (local.set $good (i32.add (local.get $good)
            (i32.eqz (call $write (i32.const 2) (i32.const 0) (i32.const 40)))))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $times))))
        local.get $good)
      (func (export "publish") (param $times i32) (result i32) (local $i i32) (local $good i32)
        (loop $again
          (local.set $good (i32.add (local.get $good)
            (i32.eqz (call $publish (i32.const 0) (i32.const 4) (i32.const 0) (i32.const 40)))))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $times))))
        local.get $good)
      (func (export "random") (param $times i32) (result i32) (local $i i32)
        (loop $again
          (call $fill (i32.const 65536) (i32.const 65536))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $times))))
        local.get $i))
    """#

/// Sets so many keys (unsigned) of 4 bytes to 100 bytes each, and counts what was set.
private let keyFlooding = #"""
    (module
      (import "airlock:kv" "set" (func $set (param i32 i32 i32 i32 i64) (result i32)))
      (memory (export "memory") 1)
      (func (export "flood") (param $times i32) (result i32) (local $i i32) (local $good i32)
        (loop $again
          (i32.store (i32.const 0) (local.get $i))
          (local.set $good (i32.add (local.get $good)
            (i32.eqz (call $set (i32.const 0) (i32.const 4) (i32.const 100) (i32.const 100) (i64.const 0)))))
          (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $times))))
        local.get $good))
    """#
