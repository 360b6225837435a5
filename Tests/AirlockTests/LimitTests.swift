import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Limits")
struct LimitTests {
    @Test("A loop without end is stopped by fuel, with the amount used")
    func fuel() async throws {
        let error = try await failure(of: "spin", limits: PluginLimits(fuel: 10_000, deadline: .seconds(60)))
        #expect(error.code == .fuel)
        #expect(error.limit == 10_000)
        #expect(error.report?.fuelUsed == 10_000)
        #expect(error.backtrace.first?.functionName == "spin")
    }

    @Test("A loop without end is stopped by its deadline when it has fuel for longer")
    func deadline() async throws {
        let error = try await failure(of: "spin", limits: PluginLimits(fuel: .max, deadline: .milliseconds(20)))
        #expect(error.code == .deadline)
        #expect(error.limit == 20_000_000)
        #expect(try #require(error.report).wallTime >= .milliseconds(20))
    }

    @Test("A guest that eats memory until it cannot go on is stopped by its memory limit")
    func memory() async throws {
        let error = try await failure(of: "eat", limits: PluginLimits(memory: 1 << 20))
        #expect(error.code == .memory)
        #expect(error.limit == 1 << 20)
        #expect(error.report?.memoryBytes == 1 << 20)
        #expect(error.trap?.code == .unreachable)
    }

    @Test("A module that begins with more memory than its limit is refused")
    func initialMemory() async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(
                    .wat("(module (memory (export \"memory\") 3))"),
                    limits: PluginLimits(memory: 128 << 10)
                )
            }
            #expect(error?.code == .memory)
        }
    }

    @Test("A table cannot grow past its limit")
    func tables() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(unruly), limits: PluginLimits(tableElements: 100))
            let grow = try plugin.function("growTable", taking: Int32.self, returning: Int32.self)
            #expect(try await plugin.call(grow, 50).value == 10)
            #expect(try await plugin.call(grow, 50).value == -1)
        }
    }

    @Test("Endless recursion is a trap with a backtrace, and the host goes on")
    func recursion() async throws {
        let error = try await failure(of: "recurse")
        #expect(error.code == .trap)
        #expect(error.trap?.code == .stackOverflow)
        #expect(!error.backtrace.isEmpty)
    }

    @Test("A trap is told apart from a limit")
    func trap() async throws {
        let error = try await failure(of: "trap")
        #expect(error.code == .trap)
        #expect(error.trap?.code == .unreachable)
    }

    @Test("After a failure the next call gets a new instance")
    func recovery() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(unruly), limits: PluginLimits(fuel: 10_000))
            let mark = try plugin.function("mark", returning: Int32.self)
            let trap = try plugin.function("trap")
            #expect(try await plugin.call(mark).value == 1)
            #expect(try await plugin.call(mark).value == 2)
            await #expect(throws: PluginError.self) { try await plugin.call(trap) }
            #expect(try await plugin.call(mark).value == 1)
        }
    }

    @Test("A start section that never ends is stopped while the plugin is loaded")
    func startSection() async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat("(module (func $s (loop br 0)) (start $s))"), limits: PluginLimits(fuel: 1000))
            }
            #expect(error?.code == .fuel)
        }
    }

    @Test(
        "Limits that make no sense are refused by name",
        arguments: [
            PluginLimits(fuel: 0), PluginLimits(deadline: .zero), PluginLimits(memory: -1),
            PluginLimits(concurrentCalls: 0),
        ]
    )
    func badLimits(limits: PluginLimits) async throws {
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.wat(unruly), limits: limits) }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("expected") == true)
        }
    }

    private func failure(of export: String, limits: PluginLimits = PluginLimits()) async throws -> PluginError {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(unruly), name: "unruly", limits: limits)
            let function = try plugin.function(export)
            let error = try await #require(throws: PluginError.self) { try await plugin.call(function) }
            #expect(error.plugin == "unruly")
            #expect(error.version == 1)
            return error
        }
    }
}

private let unruly = #"""
    (module
      (memory (export "memory") 1)
      (table $t 10 funcref)
      (global $marks (mut i32) (i32.const 0))
      (func $spin (export "spin") (loop br 0))
      (func (export "eat") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable)
      (func (export "growTable") (param i32) (result i32) ref.null func local.get 0 table.grow $t)
      (func $recurse (export "recurse") call $recurse)
      (func (export "trap") unreachable)
      (func (export "mark") (result i32)
        global.get $marks i32.const 1 i32.add global.set $marks global.get $marks))
    """#
