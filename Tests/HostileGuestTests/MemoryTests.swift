import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: memory and tables", .hostile)
struct MemoryTests {
    @Test(
        "A guest that grows its memory until it is refused, and then traps, has met its memory limit",
        arguments: [false, true])
    func growLoop(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                var limits = PluginLimits.patient
                limits.memory = 1 << 20
                let caller = try await Caller(.wat(growing), isSuspendable, limits: limits, on: host)
                let eat = try caller.function("eat")
                return {
                    let error = try await failure(.memory) { try await caller.call(eat) }
                    try #require(error.limit == 1 << 20)
                    try #require(error.used == 1 << 20)
                    try #require(error.trap?.code == .unreachable)
                }
            }
        }
    }

    @Test("A guest that goes on asking for memory that it does not get is stopped by its fuel")
    func growForever() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                var limits = PluginLimits.scarceFuel()
                limits.memory = 1 << 20
                let plugin = try await host.load(.wat(growing), name: "hostile", limits: limits)
                let grow = try plugin.function("growForever")
                return {
                    let error = try await failure(.fuel) { try await plugin.call(grow) }
                    try #require(try #require(error.report).memoryBytes <= 1 << 20)
                }
            }
        }
    }

    @Test("Memory that a guest touched up to its limit is given back with the instance")
    func touched() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                var limits = PluginLimits.patient
                limits.memory = 2 << 20
                let plugin = try await host.load(.wat(growing), name: "hostile", limits: limits)
                let touch = try plugin.function("touch")
                return {
                    let error = try await failure(.memory) { try await plugin.call(touch) }
                    try #require(error.report?.memoryBytes == 2 << 20)
                }
            }
        }
    }

    @Test("A growth by four billion pages is refused")
    func hugeGrowth() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let plugin = try await host.load(.wat(growing), name: "hostile", limits: .patient)
                let grow = try plugin.function("growBy", taking: UInt32.self, returning: Int32.self)
                return {
                    for pages: UInt32 in [.max, 65_536, 0x8000_0000, 256] {
                        try #require(try await plugin.call(grow, pages).value == -1)
                    }
                }
            }
        }
    }

    @Test("A module that begins with more memory than its limit is refused before it is instantiated")
    func initialMemory() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 200) { host in
                {
                    let error = try await failure(.memory) {
                        _ = try await host.load(
                            .wat("(module (memory (export \"memory\") 257))"), name: "hostile", limits: .patient)
                    }
                    try #require(error.limit == 16 << 20)
                    try #require(error.used == 257 * 65_536)
                }
            }
        }
    }

    @Test("A module that begins with 4 GiB of memory is refused by its bounds")
    func initialMemoryPastBounds() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                {
                    let error = try await failure(.moduleBounds) {
                        _ = try await host.load(.wat("(module (memory 65536))"), name: "hostile", limits: .patient)
                    }
                    try #require(error.limit == 4_096 && error.used == 65_536)
                }
            }
        }
    }

    @Test("Two memories are refused, whether the engine knows them or not", arguments: [false, true])
    func severalMemories(engineKnows: Bool) async {
        await #expect(processExitsWith: .success) { [engineKnows] in
            var features = WasmFeatures.standard
            if engineKnows { features.insert(.multiMemory) }
            let engine = EngineConfiguration(features: features)
            try await withstand(.hostile(engine: engine)) { host in
                {
                    let error = try await failure(.moduleBounds) {
                        _ = try await host.load(.wat(twoMemories), name: "hostile", limits: .patient)
                    }
                    try #require(error.limit == 1 && error.used == 2)
                }
            }
        }
    }

    @Test("Bounds that admit two memories do not help where the engine does not know them")
    func unknownMemories() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 200) { host in
                var limits = PluginLimits.patient
                limits.module.memories = 2
                return {
                    _ = try await failure(.invalidModule) {
                        _ = try await host.load(.wat(twoMemories), name: "hostile", limits: limits)
                    }
                }
            }
        }
    }

    @Test("All memories of a guest together stay within its limit, hidden ones included")
    func sumOfMemories() async {
        await #expect(processExitsWith: .success) {
            let engine = EngineConfiguration(features: WasmFeatures.standard.union(.multiMemory))
            try await withstand(.hostile(engine: engine)) { host in
                var limits = PluginLimits.patient
                limits.memory = 1 << 20
                limits.module.memories = 2
                let plugin = try await host.load(.wat(twoMemories), name: "hostile", limits: limits)
                let eat = try plugin.function("eat")
                return {
                    let error = try await failure(.memory) { try await plugin.call(eat) }
                    try #require(error.limit == 1 << 20)
                    try #require(try #require(error.report).memoryBytes <= 1 << 20)
                    try #require(try #require(error.report).memoryBytes > 512 << 10)
                }
            }
        }
    }

    @Test("A table does not grow to millions of elements")
    func tableGrowth() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                var limits = PluginLimits.patient
                limits.tableElements = 1_000
                let plugin = try await host.load(.wat(growing), name: "hostile", limits: limits)
                let grow = try plugin.function("growTable", taking: UInt32.self, returning: Int32.self)
                let eat = try plugin.function("eatTable")
                return {
                    for count: UInt32 in [10_000_000, .max, 0x8000_0000, 991] {
                        try #require(try await plugin.call(grow, count).value == -1)
                    }
                    let error = try await failure(.trap) { try await plugin.call(eat) }
                    try #require(error.trap?.code == .unreachable)
                }
            }
        }
    }

    @Test("A module that begins with a table of ten million elements is not instantiated")
    func initialTable() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 200) { host in
                {
                    let error = try await #require(throws: PluginError.self) {
                        try await host.load(
                            .wat("(module (table 10000000 funcref))"), name: "hostile", limits: .patient)
                    }
                    try #require(error.code == .moduleBounds && error.limit == 100_000, "\(error)")
                    try #require(error.used == 10_000_000 && error.plugin == "hostile")
                }
            }
        }
    }
}

private let growing = #"""
    (module
      (memory (export "memory") 1)
      (table $t 10 funcref)
      (func (export "eat") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable)
      (func (export "growForever") (loop (drop (memory.grow (i32.const 1))) br 0))
      (func (export "growBy") (param i32) (result i32) (memory.grow (local.get 0)))
      (func (export "touch") (local $at i32)
        (loop $more
          (if (i32.ge_u (local.get $at) (i32.mul (memory.size) (i32.const 65536)))
            (then (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then unreachable))))
          (i32.store (local.get $at) (i32.const 1))
          (local.set $at (i32.add (local.get $at) (i32.const 16384)))
          (br $more)))
      (func (export "growTable") (param i32) (result i32) (table.grow $t (ref.null func) (local.get 0)))
      (func (export "eatTable")
        (loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 1)) (i32.const -1)))) unreachable))
    """#

private let twoMemories = #"""
    (module
      (memory $first (export "memory") 1)
      (memory $second 1)
      (func (export "eat")
        (loop
          (br_if 0 (i32.ne (memory.grow $second (i32.const 1)) (i32.const -1)))
          (br_if 0 (i32.ne (memory.grow $first (i32.const 1)) (i32.const -1))))
        unreachable))
    """#
