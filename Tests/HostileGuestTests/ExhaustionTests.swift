import Airlock
import AirlockTesting
import Synchronization
import Testing
import Wasmtime

@Suite("Hostile: too many instances", .hostile)
struct ExhaustionTests {
    @Test("One instance more than the host may have is refused, wherever it is asked for")
    func hostLimit() async {
        await #expect(processExitsWith: .success) {
            // Two of them are the healthy plugins'. A repetition holds four calls.
            try await withstand(repetitions: 200, .hostile(instances: 6)) { host in
                try await holdingFour(on: host) { error in
                    try #require(error.limit == 6 && error.used == 7)
                    let refused = try await failure(.overloaded, of: "another") {
                        _ = try await host.load(.wat("(module)"), name: "another")
                    }
                    try #require(refused.limit == 6)
                }
            }
        }
    }

    @Test("A plugin that asks for more than the engine's pool has is refused, and the pool serves on")
    func pool() async {
        await #expect(processExitsWith: .success) {
            let pool = PoolingLimits(instances: 6, memories: 6, tables: 6, stacks: 8, memoryBytes: 16 << 20)
            try await withstand(repetitions: 200, .hostile(engine: EngineConfiguration(allocation: .pooling(pool)))) {
                host in
                try await holdingFour(on: host)
            }
        }
    }

    @Test("More address space than a process has ends in a refusal, and others are served on")
    func addressSpace() async {
        await #expect(processExitsWith: .success) {
            // Each memory reserves 4 TiB, and a process has some 128.
            let engine = EngineConfiguration(memoryReservation: 4 << 40)
            try await withstand(repetitions: 20, .hostile(engine: engine)) { host in
                let holding = Holding()
                let plugin = try await host.loadSuspendable(
                    .wat(held), name: "hostile", granting: [holding], limits: .patient)
                let hold = try plugin.function("hold")
                return {
                    holding.count.value.store(0, ordering: .relaxed)
                    let refusals = Counter()
                    let calls = (0..<60).map { _ in Task { try await plugin.call(hold) } }
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for call in calls {
                            group.addTask {
                                let error = try await #require(throws: PluginError.self) { try await call.value }
                                try #require([.overloaded, .cancelled].contains(error.code), "\(error)")
                                if error.code == .overloaded { refusals.value.add(1, ordering: .relaxed) }
                            }
                        }
                        while holding.count.value.load(ordering: .relaxed) + refusals.value.load(ordering: .relaxed)
                            < 60
                        { await Task.yield() }
                        for call in calls { call.cancel() }
                        try await group.waitForAll()
                    }
                    try #require((20..<60).contains(refusals.value.load(ordering: .relaxed)))
                }
            }
        }
    }
}

/// Four calls of a plugin that sleep, for which there is room, and one more, which is refused. They end after a look at its error.
private func holdingFour(
    on host: PluginHost, _ look: @escaping (PluginError) async throws -> Void = { _ in }
) async throws -> Attack {
    let sleeping = Sleeping()
    let plugin = try await host.loadSuspendable(
        Sleeping.guest, name: "hostile", granting: [sleeping], limits: .patient)
    let sleep = try plugin.function("sleep")
    return {
        let calls = (0..<4).map { _ in Task { try await plugin.call(sleep) } }
        for _ in 0..<4 { await sleeping.begun.next() }
        try await look(failure(.overloaded) { try await plugin.call(sleep) })
        for call in calls { call.cancel() }
        for call in calls { _ = try await failure(.cancelled) { _ = try await call.value } }
    }
}

private final class Counter: Sendable {
    let value = Atomic<Int>(0)
}

private struct Holding: Capability {
    static let id: CapabilityID = "test:holding"
    let count = Counter()

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("hold") { (holding, _) async throws(HostError) -> Void in
            holding.count.value.add(1, ordering: .relaxed)
            await waitForCancellation()
        }
    }
}

private let held = #"""
    (module
      (import "test" "hold" (func $hold))
      (memory (export "memory") 1)
      (func (export "hold") call $hold))
    """#
