import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

@Suite("Key-value grants")
struct KeyValueGrantTests {
    private func grant(limits: KeyValueLimits = KeyValueLimits(), isReadOnly: Bool = false) -> KeyValue {
        KeyValue(
            InMemoryKeyValueStore(), namespace: KeyValueNamespace("cart"), limits: limits, isReadOnly: isReadOnly)
    }

    @Test func `a grant to read denies every change`() async throws {
        try await withPluginHost { host in
            let store = InMemoryKeyValueStore()
            let namespace = KeyValueNamespace("cart")
            let writer = try await GuestKeyValueUse(KeyValue(store, namespace: namespace), host: host)
            #expect(try await writer.set("k", "v") == 0)
            let reader = try await GuestKeyValueUse(
                KeyValue(store, namespace: namespace, isReadOnly: true), host: host)
            #expect(try await reader.get("k") == "v")
            #expect(try await reader.keys("") == ["k"])
            let attempts: [(String, @Sendable () async throws -> Int32)] = [
                ("set", { try await reader.set("k", "w") }),
                ("set-if-absent", { try await reader.setIfAbsent("l", "w") }),
                ("compare-and-swap", { try await reader.swap("k", "v", "w") }),
                ("delete", { try await reader.delete("k") }),
                ("compare-and-delete", { try await reader.compareAndDelete("k", "v") }),
            ]
            for (name, attempt) in attempts {
                let error = await #expect(throws: PluginError.self) { try await attempt() }
                #expect(error?.code == .denied)
                #expect(error?.message.contains("asked for '\(name)' in the namespace 'cart'") == true)
            }
            #expect(try await writer.get("k") == "v")
        }
    }

    @Test func `without the grant the plugin is refused with the full list`() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [KeyValue.self])
        try await withPluginHost(configuration) { host in
            let imports = #"""
                (module
                  (import "airlock:kv" "get" (func (param i32 i32 i32 i32) (result i32)))
                  (import "airlock:kv" "used-bytes" (func (result i64))))
                """#
            let error = await #expect(throws: PluginError.self) { try await host.loadSuspendable(.wat(imports)) }
            #expect(error?.code == .missingCapability)
            for name in ["get", "used-bytes"] {
                #expect(error?.message.contains("airlock:kv.\(name) needs the capability 'airlock:kv'") == true)
            }
            let other = await #expect(throws: PluginError.self) {
                try await host.load(.wat(imports), granting: [grant()])
            }
            #expect(other?.code == .missingCapability)
            #expect(other?.message.contains("airlock:kv.get waits") == true)
        }
    }

    @Test(arguments: forgedPointers)
    func `forged pointers end the call`(offset: Int32, count: Int32) async throws {
        try await withPluginHost { host in
            // The guest's memory has 16 pages.
            let far = offset > 0 && offset < .max ? offset + 15 * 65_536 : offset
            for limits in [KeyValueLimits(), KeyValueLimits(bytes: .max, bytesPerKey: .max, bytesPerValue: .max)] {
                let use = try await GuestKeyValueUse(grant(limits: limits), host: host)
                for name in [
                    "get-key", "get-room", "set-key", "set-value", "set-if-absent", "swap-expected", "delete",
                    "compare-and-delete", "list-prefix", "list-cursor", "list-room",
                ] {
                    let function = try use.plugin.function(
                        "raw-\(name)", taking: Int32.self, Int32.self, returning: Int32.self)
                    let error = await #expect(throws: PluginError.self) {
                        try await use.plugin.call(function, offset == 16 ? 16 : far, count)
                    }
                    #expect(error?.code == .badArgument, "\(name)")
                }
                #expect(try await use.usage() == KeyValueUsage())
            }
        }
    }

    @Test func `a lifetime below zero ends the call`() async throws {
        try await withPluginHost { host in
            let use = try await GuestKeyValueUse(grant(), host: host)
            let error = await #expect(throws: PluginError.self) { try await use.set("k", "v", lifetime: -1) }
            #expect(error?.code == .badArgument)
            #expect(try await use.get("k") == nil)
        }
    }

    @Test func `a page holds as many keys as fit the guest's room`() async throws {
        try await withPluginHost { host in
            let use = try await GuestKeyValueUse(grant(), host: host)
            for key in ["aaaa", "bbbb", "cccc"] { #expect(try await use.set(key, "") == 0) }
            // A number, a key with its length, and a cursor with its length.
            #expect(try await use.page([], from: [], most: 9, room: 4 + 8 + 8 - 1) == nil)
            let one = try await use.page([], from: [], most: 9, room: 4 + 8 + 8)
            #expect(one == KeyValuePage(keys: [Array("aaaa".utf8)], next: Array("bbbb".utf8)))
            let rest = try await use.page([], from: one?.next ?? [], most: 9, room: 4 + 8 + 8 + 4)
            #expect(rest == KeyValuePage(keys: [Array("bbbb".utf8), Array("cccc".utf8)], next: nil))
            let none = try await use.page(Array("x".utf8), from: [], most: 0, room: 8)
            #expect(none == KeyValuePage(keys: [], next: nil))
            #expect(try await use.page([], from: [], most: 0, room: 100)?.keys.count == 1)
        }
    }

    @Test func `a value that does not fit the guest's room is not written`() async throws {
        try await withPluginHost { host in
            let use = try await GuestKeyValueUse(grant(), host: host)
            let get = try use.plugin.function("raw-get-room", taking: Int32.self, Int32.self, returning: Int32.self)
            // The key of that export is the byte at 0.
            #expect(try await use.set([0], [1, 2, 3, 4, 5], lifetime: 0) == 0)
            #expect(try await use.plugin.call(get, 16 * 65_536, 0).value == 5)
            #expect(try await use.plugin.call(get, 16 * 65_536 - 4, 4).value == 5)
            #expect(try await use.plugin.call(get, 16 * 65_536 - 5, 5).value == 5)
        }
    }

    @Test func `a wish narrows the grant and never widens it`() throws {
        let limits = KeyValueLimits(bytes: 100, keys: 10, bytesPerKey: 20, bytesPerValue: 30)
        let wish = CapabilityWish(
            "airlock:kv",
            parameters: [
                "namespace": .text("cart"), "bytes": .integer(50), "keys": .integer(1000), "bytesPerValue": .integer(5),
                "readOnly": .boolean(true),
            ]
        )
        let narrow = try grant(limits: limits).attenuated(to: wish)
        #expect(narrow.limits == KeyValueLimits(bytes: 50, keys: 10, bytesPerKey: 20, bytesPerValue: 5))
        #expect(narrow.isReadOnly)
        let writing = CapabilityWish("airlock:kv", parameters: ["readOnly": .boolean(false)])
        #expect(try narrow.attenuated(to: writing).isReadOnly)
        for name in ["Cart", "cart\0", "", "ca\u{200B}rt"] {
            let other = CapabilityWish("airlock:kv", parameters: ["namespace": .text(name)])
            let denial = #expect(throws: PluginError.self) { try grant().attenuated(to: other) }
            #expect(denial?.code == .denied)
            #expect(denial?.message.contains("granted is 'cart'") == true)
        }
    }

    @Test func `a policy names the namespace and its limits`() throws {
        let policy: [String: ManifestValue] = [
            "namespace": .text("cart"), "bytes": .text("1 KiB"), "keys": .integer(3), "readOnly": .boolean(true),
        ]
        let granted = try ManifestFields.read(policy) { (fields) throws(PluginError) in
            try KeyValue(policy: &fields, store: InMemoryKeyValueStore())
        }
        #expect(granted.namespace == KeyValueNamespace("cart"))
        #expect(granted.limits == KeyValueLimits(bytes: 1024, keys: 3))
        #expect(granted.isReadOnly)
        let error = #expect(throws: PluginError.self) {
            try ManifestFields.read([:]) { (fields) throws(PluginError) in
                try KeyValue(policy: &fields, store: InMemoryKeyValueStore())
            }
        }
        #expect(error?.message.contains("namespace is missing") == true)
    }
}
