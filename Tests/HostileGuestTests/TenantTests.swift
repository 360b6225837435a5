import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: what one tenant leaves to the next", .hostile)
struct TenantTests {
    @Test("An instance that serves one call shows the next nothing of it", arguments: [false, true], [false, true])
    func oneCall(isSuspendable: Bool, isPooling: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable, isPooling] in
            try await withstand(.hostile(engine: engine(isPooling))) { host in
                var limits = PluginLimits.patient
                limits.callsPerInstance = 1
                let caller = try await Caller(.wat(hoarding), isSuspendable, limits: limits, on: host)
                let (stash, look) = (try caller.function("stash"), try caller.function("look", returning: Int32.self))
                return {
                    try await caller.call(stash)
                    try #require(try await caller.call(look).value == 0)
                }
            }
        }
    }

    @Test("The memory of a plugin that was stopped is not seen by another plugin", arguments: [false, true])
    func otherPlugin(isPooling: Bool) async {
        await #expect(processExitsWith: .success) { [isPooling] in
            try await withstand(.hostile(engine: engine(isPooling))) { host in
                var limits = PluginLimits.patient
                limits.callsPerInstance = 1
                let first = try await host.load(.wat(hoarding), name: "hostile", limits: limits)
                let second = try await host.load(.wat(hoarding), name: "spying", limits: limits)
                let (fail, look) = (
                    try first.function("stashAndTrap"), try second.function("look", returning: Int32.self)
                )
                return {
                    _ = try await failure(.trap) { try await first.call(fail) }
                    try #require(try await second.call(look).value == 0)
                }
            }
        }
    }

    @Test("Memory that grows shows nothing of those who had it before", arguments: [false, true])
    func growth(isPooling: Bool) async {
        await #expect(processExitsWith: .success) { [isPooling] in
            try await withstand(.hostile(engine: engine(isPooling))) { host in
                var limits = PluginLimits.patient
                limits.callsPerInstance = 1
                let plugin = try await host.load(.wat(hoarding), name: "hostile", limits: limits)
                let (grow, look) = (
                    try plugin.function("growAndStash"), try plugin.function("growAndLook", returning: Int32.self)
                )
                return {
                    try await plugin.call(grow)
                    try #require(try await plugin.call(look).value == 0)
                }
            }
        }
    }
}

private func engine(_ isPooling: Bool) -> EngineConfiguration {
    isPooling
        ? EngineConfiguration(
            allocation: .pooling(
                PoolingLimits(
                    instances: 20, memories: 20, tables: 20, stacks: 20, memoryBytes: 16 << 20,
                    memoryKeepResident: 64 << 10,
                    tableKeepResident: 4 << 10, stackKeepResident: 64 << 10)))
        : EngineConfiguration()
}

/// Writes to memory, to a global and to a table; looks at the sum of what is there.
private let hoarding = #"""
    (module
      (memory (export "memory") 2)
      (table $t 8 16 funcref)
      (elem declare func $stash)
      (global $g (mut i32) (i32.const 0))
      (func $fill (param $from i32) (param $to i32)
        (memory.fill (local.get $from) (i32.const 0xA5) (i32.sub (local.get $to) (local.get $from))))
      (func $sum (param $from i32) (param $to i32) (result i32) (local $sum i32)
        (loop $more
          (local.set $sum (i32.or (local.get $sum) (i32.load (local.get $from))))
          (local.set $from (i32.add (local.get $from) (i32.const 1024)))
          (br_if $more (i32.lt_u (local.get $from) (local.get $to))))
        (local.get $sum))
      (func $stash (export "stash")
        (call $fill (i32.const 0) (i32.const 131072))
        (global.set $g (i32.const 77))
        (table.fill $t (i32.const 0) (ref.func $stash) (i32.const 8))
        (drop (table.grow $t (ref.func $stash) (i32.const 4))))
      (func (export "stashAndTrap") call $stash unreachable)
      (func (export "look") (result i32)
        (i32.or
          (i32.or (call $sum (i32.const 0) (i32.const 131072)) (global.get $g))
          (i32.or
            (i32.eqz (ref.is_null (table.get $t (i32.const 3))))
            (i32.sub (table.size $t) (i32.const 8)))))
      (func (export "growAndStash")
        (drop (memory.grow (i32.const 8))) (call $fill (i32.const 131072) (i32.const 655360)))
      (func (export "growAndLook") (result i32)
        (drop (memory.grow (i32.const 8))) (call $sum (i32.const 131072) (i32.const 655360))))
    """#
