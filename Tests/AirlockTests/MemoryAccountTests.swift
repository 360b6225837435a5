import Airlock
import AirlockTesting
import TestSupport
import Synchronization
import Testing
import Wasmtime

@Suite("Memory accounts")
struct MemoryAccountTests {
    @Test("The memory of a module that does not export it is reported", arguments: [false, true])
    func hiddenMemory(isSuspendable: Bool) async throws {
        let text = """
            (module (memory 2) (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))
            """
        try await withPluginHost { host in
            let results: [CallResult<Int32>]
            let limits = PluginLimits(memory: 8 << 16)
            if isSuspendable {
                let plugin = try await host.loadSuspendable(.wat(text), limits: limits)
                let grow = try plugin.function("grow", taking: Int32.self, returning: Int32.self)
                results = [try await plugin.call(grow, 3), try await plugin.call(grow, 4)]
            } else {
                let plugin = try await host.load(.wat(text), limits: limits)
                let grow = try plugin.function("grow", taking: Int32.self, returning: Int32.self)
                results = [try await plugin.call(grow, 3), try await plugin.call(grow, 4)]
            }
            #expect(results.map(\.value) == [2, -1])
            #expect(results.map(\.report.memoryBytes) == [5 << 16, 5 << 16])
        }
    }

    @Test(
        "A guest that traps after its hidden memory was refused growth ended by its memory limit",
        arguments: [false, true])
    func refusedGrowth(isSuspendable: Bool) async throws {
        let error = try await failure(
            of: "eat", in: "(memory 1)", limit: (5 << 16) + 100, isSuspendable: isSuspendable)
        #expect(error.code == .memory)
        #expect(error.limit == (5 << 16) + 100)
        #expect(error.used == 5 << 16)
        #expect(error.report?.memoryBytes == 5 << 16)
        #expect(error.trap?.code == .unreachable)
    }

    @Test("A guest that traps for another reason is not blamed for memory, though it stands at its limit")
    func trapAtTheLimit() async throws {
        let error = try await failure(of: "trap", in: "(memory (export \"memory\") 4)", limit: 4 << 16)
        #expect(error.code == .trap)
        #expect(error.report?.memoryBytes == 4 << 16)
    }

    @Test("A guest that its own maximum refuses growth is not blamed for the limit")
    func ownMaximum() async throws {
        #expect(try await failure(of: "eat", in: "(memory 1 3)", limit: 4 << 16).code == .trap)
        #expect(try await failure(of: "eat", in: "(memory 1 4)", limit: 4 << 16).code == .memory)
    }

    @Test("A refusal in an earlier call of the same instance counts; a new instance begins without")
    func earlierRefusal() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(guest("(memory 1)")), limits: PluginLimits(memory: 2 << 16))
            let grow = try plugin.function("grow", taking: Int32.self, returning: Int32.self)
            let trap = try plugin.function("trap")
            #expect(try await plugin.call(grow, 2).value == -1)
            #expect(await #expect(throws: PluginError.self) { try await plugin.call(trap) }?.code == .memory)
            #expect(await #expect(throws: PluginError.self) { try await plugin.call(trap) }?.code == .trap)
        }
    }

    @Test("A start function that is refused memory and traps ends by the memory limit", arguments: [false, true])
    func startFunction(isSuspendable: Bool) async throws {
        let text = """
            (module (memory 1) (start $s)
              (func $s (drop (memory.grow (i32.const 2))) (drop (memory.grow (i32.const 9))) unreachable))
            """
        try await withPluginHost { host in
            let limits = PluginLimits(memory: 4 << 16)
            let error = try await #require(throws: PluginError.self) {
                if isSuspendable {
                    _ = try await host.loadSuspendable(.wat(text), limits: limits)
                } else {
                    _ = try await host.load(.wat(text), limits: limits)
                }
            }
            #expect(error.code == .memory)
            #expect(error.report?.memoryBytes == 3 << 16)
            #expect(error.trap?.code == .unreachable)
        }
    }

    @Test("An instance whose start function fails is freed with all that belongs to it")
    func failedStart() async throws {
        final class Attachment {}
        try await withPluginHost(PluginHostConfiguration(workers: 1)) { host in
            let text = #"(module (import "test" "start" (func $start)) (start $start))"#
            let plugin = try await host.load(.wat(text), granting: [StartingOnce()])
            let version = try #require(plugin.currentVersion)
            weak var freed: Attachment?
            do {
                let attachment = Attachment()
                freed = attachment
                let error = #expect(throws: PluginError.self) {
                    try ResidentInstance(version, attachment: attachment)
                }
                #expect(error?.code == .hostError)
            }
            #expect(freed == nil)
        }
    }

    @Test("A start function calls host functions that use its memory")
    func startCallsHost() async throws {
        let text = """
            (module
              (import "test" "length" (func $length (param i32 i32) (result i32)))
              (memory (export "memory") 1) (data (i32.const 8) "bytes")
              (global $g (mut i32) (i32.const 0))
              (func $s (global.set $g (call $length (i32.const 8) (i32.const 5))))
              (func (export "get") (result i32) (global.get $g))
              (start $s))
            """
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(text), granting: [Lengths()])
            let get = try plugin.function("get", returning: Int32.self)
            #expect(try await plugin.call(get).value == 5)
        }
    }

    @Test("The memories of an instance share its limit and are reported together")
    func severalMemories() async throws {
        let text = """
            (module
              (memory $a 1) (memory $b (export "memory") 1) (memory $c 1 2)
              (func (export "a") (result i32) (memory.grow $a (i32.const 1)))
              (func (export "b") (result i32) (memory.grow $b (i32.const 1)))
              (func (export "c") (result i32) (memory.grow $c (i32.const 1))))
            """
        try await withPluginHost(severalMemoriesAllowed) { host in
            let plugin = try await host.load(.wat(text), limits: limits(memory: 6 << 16))
            // Six pages, three at the begin, one more for each.
            for (name, pages) in [("a", 4), ("b", 5), ("c", 6)] {
                let grow = try plugin.function(name, returning: Int32.self)
                let result = try await plugin.call(grow)
                #expect(result.value == 1)
                #expect(result.report.memoryBytes == pages << 16)
                #expect(try await plugin.call(grow).value == -1)
            }
        }
    }

    @Test("Memories that begin with more than the limit together are refused, though each is below it")
    func initialMemories() async throws {
        try await withPluginHost(severalMemoriesAllowed) { host in
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat("(module (memory 2) (memory 2))"), limits: limits(memory: 3 << 16))
            }
            #expect(error?.code == .memory)
            #expect(error?.limit == 3 << 16 && error?.used == 4 << 16)
        }
    }

    @Test("A plugin's exports are those of the module that it was loaded from, and so is its digest")
    func exports() async throws {
        try await withPluginHost { host in
            let bytes = try Module.binary(ofWAT: guest("(memory 1)"))
            let plugin = try await host.load(.bytes(bytes), limits: PluginLimits(memory: 2 << 16))
            let version = try #require(plugin.currentVersion)
            #expect(version.exports.map(\.name) == ["grow", "eat", "trap"])
            let larger = try await host.load(.bytes(bytes), limits: PluginLimits(memory: 3 << 16))
            #expect(larger.currentVersion?.digest == version.digest)
        }
    }

    @Test("Bytes that name what only the host adds are refused, with the place in the original")
    func forgedIndices() async throws {
        // Writes the global 0; there is none.
        let body: [UInt8] = [0x42, 0x00, 0x24, 0x00, 0x41, 0x00, 0x40, 0x00, 0x1A]
        let bytes = WasmBytes.module(between: WasmBytes.section(5, items: [[0, 1]]), bodies: [WasmBytes.body(body)])
        try await withPluginHost { host in
            let error = await #expect(throws: PluginError.self) { try await host.load(.bytes(bytes)) }
            #expect(error?.code == .invalidModule)
            let place = try #require(bytes.indices.first { bytes[$0...].starts(with: [0x24, 0x00]) })
            #expect(
                error?.message.contains("offset 0x\(String(place, radix: 16))") == true, "\(String(describing: error))")
        }
    }

    private let severalMemoriesAllowed = PluginHostConfiguration(
        workers: 1,
        engine: EngineConfiguration(features: WasmFeatures.standard.union(.multiMemory))
    )

    private func limits(memory: Int) -> PluginLimits {
        var limits = PluginLimits(memory: memory)
        limits.module.memories = 4
        return limits
    }

    private func failure(
        of export: String,
        in memory: String,
        limit: Int,
        isSuspendable: Bool = false
    ) async throws -> PluginError {
        try await withPluginHost { host in
            let limits = PluginLimits(memory: limit)
            return try await #require(throws: PluginError.self) {
                if isSuspendable {
                    let plugin = try await host.loadSuspendable(.wat(guest(memory)), limits: limits)
                    _ = try await plugin.call(plugin.function(export))
                } else {
                    let plugin = try await host.load(.wat(guest(memory)), limits: limits)
                    _ = try await plugin.call(plugin.function(export))
                }
            }
        }
    }
}

private struct Lengths: Capability {
    static let id: CapabilityID = "test:lengths"
    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("length") { (_, call, text: GuestString) throws(HostError) -> Int32 in
            Int32(try call.string(of: text).utf8.count)
        }
    }
}

private func guest(_ memory: String) -> String {
    """
    (module
      \(memory)
      (func (export "grow") (param i32) (result i32) local.get 0 memory.grow)
      (func (export "eat") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable)
      (func (export "trap") unreachable))
    """
}

/// Lets one instance start.
private final class StartingOnce: Capability {
    static let id: CapabilityID = "test:starting"
    private let starts = Atomic<Int>(0)

    static let functions = HostFunctions<StartingOnce>(module: "test") {
        HostFunction("start") { (capability, _) throws(HostError) -> Void in
            guard capability.starts.add(1, ordering: .relaxed).newValue == 1 else {
                throw HostError(.failed, "it has started once")
            }
        }
    }
}
