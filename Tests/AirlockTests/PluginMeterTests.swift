import Airlock
import AirlockTesting
import Metrics
import MetricsTestKit
import Testing

@Suite("Plugin metrics")
struct PluginMeterTests {
    @Test(
        "What the calls of a plugin used reaches swift-metrics under its name, when its host shuts down at the latest")
    func everything() async throws {
        let backend = TestMetrics()
        // The factory is the one that is there when the plugin is loaded.
        let totals = try await withMetricsFactory(backend) {
            try await withPluginHost { host in
                var limits = PluginLimits(fuel: 10_000, deadline: .seconds(60))
                limits.memory = 1 << 20
                let plugin = try await host.load(
                    .wat(guest), name: "counted", granting: [Metered()], limits: limits)
                let use = try plugin.function("use", taking: Int32.self)
                try await plugin.call(use, 2)
                try await plugin.call(use, 3)
                for export in ["trap", "spin", "spin"] {
                    await #expect(throws: PluginError.self) { try await plugin.call(plugin.function(export)) }
                }
                return await plugin.totals()
            }
        }
        #expect(totals.calls == 5)
        let plugin = [("plugin", "counted")]
        func total(_ name: String, _ labels: [(String, String)] = []) throws -> Int64 {
            try backend.expectCounter("airlock_plugin_\(name)_total", plugin + labels).totalValue
        }
        #expect(try total("calls") == 5)
        #expect(try total("fuel") == Int64(totals.fuelUsed))
        #expect(try total("output_bytes") == 5 * 4)
        #expect(try total("log_bytes") == 5 * 10)
        #expect(try total("egress_bytes") == 5 * 7)
        #expect(try total("wall_microseconds") == totals.wallTime.components.attoseconds / 1_000_000_000_000)
        #expect(try total("loop_microseconds") == totals.loopTime.components.attoseconds / 1_000_000_000_000)
        #expect(try total("host_calls", [("function", "metered.use")]) == 5)
        #expect(try total("failures", [("code", "trap")]) == 1)
        #expect(try total("failures", [("code", "fuel")]) == 2)
        let memory = try backend.expectGauge("airlock_plugin_memory_bytes", plugin).lastValue
        #expect(memory == Double(totals.memoryBytes))
        #expect(totals.memoryBytes == 65_536)
        // Nothing else, and no other label: what a guest chooses is none.
        #expect(backend.counters.count == 10)
        #expect(backend.recorders.count == 1)
    }

    @Test("Each plugin has numbers of its own, and one that was not called has none but zeros")
    func several() async throws {
        let backend = TestMetrics()
        try await withMetricsFactory(backend) {
            try await withPluginHost { host in
                for (name, count) in [("first", 1), ("second", 4), ("idle", 0)] {
                    let plugin = try await host.load(.wat(guest), name: name, granting: [Metered()])
                    let use = try plugin.function("use", taking: Int32.self)
                    for _ in 0..<count { try await plugin.call(use, 1) }
                }
            }
        }
        for (name, count) in [("first", 1), ("second", 4), ("idle", 0)] {
            let labels = [("plugin", name)]
            #expect(try backend.expectCounter("airlock_plugin_calls_total", labels).totalValue == Int64(count))
            #expect(
                try backend.expectCounter("airlock_plugin_output_bytes_total", labels).totalValue == Int64(4 * count))
        }
        #expect(backend.counters(label: "airlock_plugin_failures_total").isEmpty)
        #expect(backend.counters(label: "airlock_plugin_host_calls_total").count == 2)
    }
}

private struct Metered: Capability {
    static let id: CapabilityID = "test:metered"
    static let functions = HostFunctions<Self>(module: "metered") {
        HostFunction("use") { (_, call, bytes: GuestBytes) throws(HostError) -> Void in
            try call.withBytes(of: bytes) { (_) throws(HostError) in }
            try call.charge(10, to: .logBytes)
            try call.charge(7, to: .egressBytes)
        }
    }
}

private let guest = #"""
    (module
      (import "metered" "use" (func $use (param i32 i32)))
      (memory (export "memory") 1)
      (func (export "use") (param $times i32)
        (loop
          (call $use (i32.const 8) (i32.const 4))
          (br_if 0 (local.tee $times (i32.sub (local.get $times) (i32.const 1))))))
      (func (export "trap") unreachable)
      (func (export "spin") (loop br 0)))
    """#
