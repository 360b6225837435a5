import Airlock
import AirlockCapabilities
import AirlockTesting
import Testing

@Suite("Clock")
struct ClockTests {
    private struct Times {
        var wall: Int64
        var monotonic: Int64
        var resolution: Int64
    }

    private func times(_ clock: AirlockCapabilities.Clock) async throws -> Times {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(timely), granting: [clock])
            return Times(
                wall: try await plugin.call(plugin.function("wall", returning: Int64.self)).value,
                monotonic: try await plugin.call(plugin.function("monotonic", returning: Int64.self)).value,
                resolution: try await plugin.call(plugin.function("resolution", returning: Int64.self)).value
            )
        }
    }

    @Test func `the real clock tells the time of day and the time that passes`() async throws {
        let times = try await times(Clock())
        // November 2023: before this was written.
        #expect(times.wall > 1_700_000_000_000_000_000)
        #expect(times.monotonic >= 0)
        #expect(
            times.monotonic < 3_600_000_000_000, "the machine's own time since its start is no business of a plugin")
        #expect(times.resolution == 1)
    }

    @Test func `the monotonic clock never goes back`() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(timely), granting: [Clock()])
            let monotonic = try plugin.function("monotonic", returning: Int64.self)
            var last: Int64 = 0
            for _ in 0..<100 {
                let now = try await plugin.call(monotonic).value
                #expect(now >= last)
                last = now
            }
        }
    }

    @Test func `a frozen clock tells the same for ever`() async throws {
        let first = try await times(Clock(.frozen(at: .seconds(1_000_000_000))))
        let second = try await times(Clock(.frozen(at: .seconds(1_000_000_000))))
        #expect(first.wall == 1_000_000_000_000_000_000)
        #expect(first.monotonic == 0)
        #expect(second.wall == first.wall)
        #expect(second.monotonic == first.monotonic)
    }

    @Test func `the time of day is denied where the monotonic clock is granted`() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(timely), granting: [Clock(.monotonic)])
            #expect(try await plugin.call(plugin.function("monotonic", returning: Int64.self)).value >= 0)
            let wall = try plugin.function("wall", returning: Int64.self)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(wall) }
            #expect(error?.code == .denied)
            #expect(error?.message.contains("granted is the monotonic clock only") == true)
        }
    }

    @Test func `a coarse clock rounds down`() async throws {
        let times = try await times(Clock(.frozen(at: .milliseconds(12_345)), resolution: .seconds(1)))
        #expect(times.wall == 12_000_000_000)
        #expect(times.resolution == 1_000_000_000)
        let real = try await self.times(Clock(resolution: .milliseconds(100)))
        #expect(real.wall % 100_000_000 == 0)
        #expect(real.monotonic % 100_000_000 == 0)
    }

    @Test func `times before 1970 and a resolution of nothing do no harm`() async throws {
        let times = try await times(Clock(.frozen(at: .seconds(-5)), resolution: .seconds(-1)))
        #expect(times.wall == 0)
        #expect(times.resolution == 1)
    }

    @Test func `without the grant the plugin is refused with the full list`() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [Clock.self])
        try await withPluginHost(configuration) { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.wat(timely)) }
            #expect(error?.code == .missingCapability)
            for name in ["wall-time", "monotonic-time", "resolution"] {
                #expect(error?.message.contains("airlock:clock.\(name) needs the capability 'airlock:clock'") == true)
            }
        }
    }

    @Test func `a wish narrows the grant and never widens it`() throws {
        let coarse: [String: ManifestValue] = ["time": .text("monotonic"), "resolution": .text("1 s")]
        let narrow = try Clock().attenuated(to: CapabilityWish("airlock:clock", parameters: coarse))
        #expect(narrow.time == .monotonic)
        #expect(narrow.resolution == .seconds(1))
        let fine = CapabilityWish("airlock:clock", parameters: ["resolution": .text("1 us")])
        #expect(try narrow.attenuated(to: fine).resolution == .seconds(1))
        #expect(try Clock(.frozen(at: .zero)).attenuated(to: fine).time == .frozen(at: .zero))

        let real = CapabilityWish("airlock:clock", parameters: ["time": .text("real")])
        let denial = #expect(throws: PluginError.self) { try narrow.attenuated(to: real) }
        #expect(denial?.code == .denied)
        let typo = CapabilityWish("airlock:clock", parameters: ["resolutoin": .text("1 s")])
        let mistake = #expect(throws: PluginError.self) { try Clock().attenuated(to: typo) }
        #expect(mistake?.code == .manifest)
        #expect(mistake?.message.contains("resolutoin") == true)
    }

    @Test func `a policy says which time it is`() throws {
        let frozen: [String: ManifestValue] = [
            "time": .text("frozen"), "frozenAt": .integer(60), "resolution": .text("1 ms"),
        ]
        let clock = try ManifestFields.read(frozen) { (fields) throws(PluginError) in try Clock(policy: &fields) }
        #expect(clock.time == .frozen(at: .seconds(60)))
        #expect(clock.resolution == .milliseconds(1))
        #expect(throws: PluginError.self) {
            try ManifestFields.read(["frozenAt": .integer(60)]) { (fields) throws(PluginError) in
                try Clock(policy: &fields)
            }
        }
    }
}

private let timely = #"""
    (module
      (import "airlock:clock" "wall-time" (func $wall (result i64)))
      (import "airlock:clock" "monotonic-time" (func $monotonic (result i64)))
      (import "airlock:clock" "resolution" (func $resolution (result i64)))
      (func (export "wall") (result i64) call $wall)
      (func (export "monotonic") (result i64) call $monotonic)
      (func (export "resolution") (result i64) call $resolution))
    """#
