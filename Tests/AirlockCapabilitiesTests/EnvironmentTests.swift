import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

@Suite("Environment")
struct EnvironmentTests {
    /// What `get` returns for the name, and what it wrote into room of that capacity.
    private func get(
        _ name: [UInt8],
        capacity: Int32 = 100,
        from environment: Environment
    ) async throws -> (result: Int32, bytes: [UInt8]) {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(asking), granting: [environment])
            let get = try plugin.function(
                "get", taking: Int32.self, Int32.self, Int32.self, Int32.self, returning: Int32.self)
            return try await plugin.withSession { (session) throws(PluginError) in
                try session.write(name, at: 0)
                let result = try session.call(get, 0, Int32(name.count), 1024, capacity)
                let count = UInt32(max(0, min(result, capacity)))
                return (result, try session.bytes(of: GuestBytes(offset: 1024, count: count)))
            }.value
        }
    }

    private func get(_ name: String, from environment: Environment) async throws -> String? {
        let (result, bytes) = try await get(Array(name.utf8), from: environment)
        return result < 0 ? nil : String(decoding: bytes, as: UTF8.self)
    }

    @Test func `a plugin reads the variables that the host gave it`() async throws {
        let environment = Environment(["REGION": "eu-west", "EMPTY": ""])
        #expect(try await get("REGION", from: environment) == "eu-west")
        #expect(try await get("EMPTY", from: environment) == "")
    }

    @Test func `variables of the process pass by name only`() async throws {
        let environment = Environment(inheriting: ["PATH", "AIRLOCK_TEST_NEVER_SET"])
        #expect(try await get("PATH", from: environment)?.isEmpty == false)
        #expect(try await get("AIRLOCK_TEST_NEVER_SET", from: environment) == nil)
        let error = await #expect(throws: PluginError.self) { try await get("HOME", from: environment) }
        #expect(error?.code == .denied)
        #expect(error?.message.contains("'HOME'; granted are 'AIRLOCK_TEST_NEVER_SET', 'PATH'") == true)
    }

    @Test(arguments: [
        Array("region".utf8), [], Array("REGION\0".utf8), [0xff, 0xfe], Array("CAFE\u{301}".utf8),
        Array("REGION=".utf8),
    ])
    func `a name that is granted in other bytes is denied`(name: [UInt8]) async throws {
        let environment = Environment(["REGION": "eu-west", "CAF\u{C9}": "noir"])
        let error = await #expect(throws: PluginError.self) { try await get(name, from: environment) }
        #expect(error?.code == .denied)
        #expect(error?.message.unicodeScalars.contains { $0.value < 0x20 } == false)
    }

    @Test func `a value that does not fit is not written, and its length is told`() async throws {
        let environment = Environment(["REGION": "eu-west"])
        let (result, bytes) = try await get(Array("REGION".utf8), capacity: 6, from: environment)
        #expect(result == 7)
        #expect(bytes == [0, 0, 0, 0, 0, 0])
    }

    @Test func `names are listed in the order of their bytes`() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(asking), granting: [Environment(["B": "2", "A": "1", "a": "3"])])
            let count = try plugin.function("count", returning: Int32.self)
            let name = try plugin.function(
                "name", taking: Int32.self, Int32.self, Int32.self, returning: Int32.self)
            #expect(try await plugin.call(count).value == 3)
            let names = try await plugin.withSession { (session) throws(PluginError) in
                var names: [UInt8] = []
                for index in Int32(0)..<3 {
                    _ = try session.call(name, index, 0, 1)
                    names += try session.bytes(of: GuestBytes(offset: 0, count: 1))
                }
                return names
            }
            #expect(names.value == Array("ABa".utf8))
            #expect(try await plugin.call(name, 3, 0, 10).value == -1)
            #expect(try await plugin.call(name, -1, 0, 10).value == -1)
        }
    }

    @Test(arguments: forgedPointers)
    func `forged pointers end the call`(offset: Int32, count: Int32) async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(asking), granting: [Environment(["A": "1"])])
            let get = try plugin.function(
                "get", taking: Int32.self, Int32.self, Int32.self, Int32.self, returning: Int32.self)
            let name = await #expect(throws: PluginError.self) { try await plugin.call(get, offset, count, 0, 10) }
            #expect(name?.code == .badArgument)
            let room = await #expect(throws: PluginError.self) {
                // "A" stands at 8. A length of zero or more that the value fits is what makes the host write.
                try await plugin.call(get, 8, 1, 65_536, count == 0 ? 1 : count)
            }
            #expect(room?.code == .badArgument)
        }
    }

    @Test func `without the grant the plugin is refused with the full list`() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [Environment.self])
        try await withPluginHost(configuration) { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.wat(asking)) }
            #expect(error?.code == .missingCapability)
            for name in ["get", "count", "name"] {
                let line = "airlock:environment.\(name) needs the capability 'airlock:environment'"
                #expect(error?.message.contains(line) == true)
            }
        }
    }

    @Test func `a wish takes some of the names and cannot add others`() async throws {
        let environment = Environment(["A": "1", "B": "2"])
        let wish = CapabilityWish("airlock:environment", parameters: ["names": .list([.text("A")])])
        let narrow = try environment.attenuated(to: wish)
        #expect(try await get("A", from: narrow) == "1")
        let denial = await #expect(throws: PluginError.self) { try await get("B", from: narrow) }
        #expect(denial?.code == .denied)
        let greedy = CapabilityWish("airlock:environment", parameters: ["names": .list([.text("A"), .text("C")])])
        let refusal = #expect(throws: PluginError.self) { try environment.attenuated(to: greedy) }
        #expect(refusal?.code == .denied)
        #expect(refusal?.message.contains("'C'; granted are 'A', 'B'") == true)
    }

    @Test func `a policy names values and what is inherited`() async throws {
        let policy: [String: ManifestValue] = [
            "variables": .map(["REGION": .text("eu")]), "inherit": .list([.text("PATH")]),
        ]
        let environment = try ManifestFields.read(policy) { (fields) throws(PluginError) in
            try Environment(policy: &fields)
        }
        #expect(try await get("REGION", from: environment) == "eu")
        #expect(try await get("PATH", from: environment)?.isEmpty == false)
    }
}

private let asking = #"""
    (module
      (import "airlock:environment" "get" (func $get (param i32 i32 i32 i32) (result i32)))
      (import "airlock:environment" "count" (func $count (result i32)))
      (import "airlock:environment" "name" (func $name (param i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 8) "A")
      (func (export "get") (param i32 i32 i32 i32) (result i32)
        local.get 0 local.get 1 local.get 2 local.get 3 call $get)
      (func (export "count") (result i32) call $count)
      (func (export "name") (param i32 i32 i32) (result i32) local.get 0 local.get 1 local.get 2 call $name))
    """#
