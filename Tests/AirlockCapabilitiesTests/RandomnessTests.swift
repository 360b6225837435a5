import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

@Suite("Randomness")
struct RandomnessTests {
    /// The bytes that one instance draws in pieces of these sizes.
    private func draw(_ sizes: [Int32], from randomness: Randomness) async throws -> [UInt8] {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(drawing), granting: [randomness])
            let fill = try plugin.function("fill", taking: Int32.self, Int32.self)
            return try await plugin.withSession { (session) throws(PluginError) in
                var bytes: [UInt8] = []
                for size in sizes {
                    _ = try session.call(fill, 1024, size)
                    bytes += try session.bytes(of: GuestBytes(offset: 1024, count: UInt32(size)))
                }
                return bytes
            }.value
        }
    }

    @Test func `the system's bytes differ each time`() async throws {
        let first = try await draw([32, 32], from: Randomness())
        #expect(first.count == 64)
        #expect(first.prefix(32) != first.suffix(32))
        #expect(try await draw([32, 32], from: Randomness()) != first)
    }

    @Test func `a seed gives each instance the same bytes, whatever the sizes that it draws them in`() async throws {
        let whole = try await draw([40], from: Randomness(.seeded(7)))
        #expect(try await draw([1, 8, 3, 0, 28], from: Randomness(.seeded(7))) == whole)
        #expect(try await draw([40], from: Randomness(.seeded(8))) != whole)
        // The first output of SplitMix64 for the seed 0, as published with its reference implementation.
        #expect(
            try await draw([8], from: Randomness(.seeded(0))) == [0xaf, 0xcd, 0x1d, 0x7b, 0x39, 0xa8, 0x20, 0xe2])
    }

    @Test func `two plugins with one seeded grant draw the same numbers`() async throws {
        try await withPluginHost { host in
            let grant = Randomness(.seeded(99))
            let first = try await host.load(.wat(drawing), name: "first", granting: [grant])
            let second = try await host.load(.wat(drawing), name: "second", granting: [grant])
            let next = try first.function("next", returning: Int64.self)
            let numbers = [try await first.call(next).value, try await first.call(next).value]
            #expect(numbers[0] != numbers[1])
            let same = try second.function("next", returning: Int64.self)
            #expect([try await second.call(same).value, try await second.call(same).value] == numbers)
        }
    }

    /// The bytes that one instance draws from two grants in turn, eight from each.
    private func drawInTurn(from first: Randomness, and second: Randomness) async throws -> [UInt8] {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(drawingInTurn), granting: [first, WASI(randomness: second)])
            let draw = try plugin.function("draw")
            return try await plugin.withSession { (session) throws(PluginError) in
                _ = try session.call(draw)
                return try session.bytes(of: GuestBytes(offset: 0, count: 32))
            }.value
        }
    }

    @Test func `each seeded grant of a plugin has a stream of its own`() async throws {
        let drawn = try await drawInTurn(from: Randomness(.seeded(1)), and: Randomness(.seeded(2)))
        #expect(try await draw([16], from: Randomness(.seeded(1))) == Array(drawn[0..<8] + drawn[16..<24]))
        #expect(try await draw([16], from: Randomness(.seeded(2))) == Array(drawn[8..<16] + drawn[24..<32]))
    }

    @Test func `a copy of a seeded grant goes on in its stream`() async throws {
        let grant = Randomness(.seeded(3))
        let drawn = try await drawInTurn(from: grant, and: grant)
        #expect(try await draw([32], from: Randomness(.seeded(3))) == drawn)
    }

    @Test func `more bytes at once than granted are denied`() async throws {
        #expect(try await draw([16], from: Randomness(bytesPerFill: 16)).count == 16)
        let error = await #expect(throws: PluginError.self) {
            try await draw([17], from: Randomness(bytesPerFill: 16))
        }
        #expect(error?.code == .denied)
        #expect(error?.message.contains("asked for 17 random bytes; granted are 16 at once") == true)
    }

    @Test(arguments: forgedPointers)
    func `forged room ends the call`(offset: Int32, count: Int32) async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(drawing), granting: [Randomness(bytesPerFill: .max)])
            let fill = try plugin.function("fill", taking: Int32.self, Int32.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(fill, offset, count) }
            #expect(error?.code == .badArgument)
            _ = try await plugin.call(fill, 0, 65_536)
        }
    }

    @Test func `without the grant the plugin is refused with the full list`() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [Randomness.self])
        try await withPluginHost(configuration) { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.wat(drawing)) }
            #expect(error?.code == .missingCapability)
            for name in ["fill", "next"] {
                #expect(
                    error?.message.contains("airlock:random.\(name) needs the capability 'airlock:random'") == true)
            }
        }
    }

    @Test func `a wish and a policy set the bytes at once`() throws {
        let wish = CapabilityWish("airlock:random", parameters: ["bytesPerFill": .text("1 KiB")])
        #expect(try Randomness().attenuated(to: wish).bytesPerFill == 1024)
        #expect(try Randomness(bytesPerFill: 10).attenuated(to: wish).bytesPerFill == 10)
        #expect(try Randomness(.seeded(1)).attenuated(to: wish).source == .seeded(1))
        let policy = try ManifestFields.read(["seed": .integer(5)]) { (fields) throws(PluginError) in
            try Randomness(policy: &fields)
        }
        #expect(policy.source == .seeded(5))
    }
}

private let drawing = #"""
    (module
      (import "airlock:random" "fill" (func $fill (param i32 i32)))
      (import "airlock:random" "next" (func $next (result i64)))
      (memory (export "memory") 1)
      (func (export "fill") (param i32 i32) local.get 0 local.get 1 call $fill)
      (func (export "next") (result i64) call $next))
    """#

/// Draws eight bytes at a time, from one grant and the other in turn.
private let drawingInTurn = #"""
    (module
      (import "airlock:random" "fill" (func $fill (param i32 i32)))
      (import "wasi_snapshot_preview1" "random_get" (func $get (param i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "draw")
        (call $fill (i32.const 0) (i32.const 8))
        (drop (call $get (i32.const 8) (i32.const 8)))
        (call $fill (i32.const 16) (i32.const 8))
        (drop (call $get (i32.const 24) (i32.const 8)))))
    """#
