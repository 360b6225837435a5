import Airlock
import AirlockTesting
import Synchronization
import Testing
import Wasmtime

/// A repetition that waits for a deadline takes two milliseconds or more, with ticks of one: those cases make 300.
@Suite("Hostile: endless loops", .hostile)
struct EndlessLoopTests {
    @Test("A loop without end in an export is stopped by its fuel")
    func exportByFuel() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let plugin = try await host.load(
                    .wat(looping), name: "hostile", granting: [Mood()], limits: .scarceFuel())
                let spin = try plugin.function("endless")
                return {
                    let error = try await failure(.fuel) { try await plugin.call(spin) }
                    try #require(error.limit == 10_000 && error.used == 10_000)
                    try #require(error.report?.fuelUsed == 10_000)
                }
            }
        }
    }

    @Test("A loop without end in an export is stopped by its deadline")
    func exportByDeadline() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                let plugin = try await patiently {
                    try await host.load(
                        .wat(looping), name: "hostile", granting: [Mood()], limits: .shortDeadline())
                }
                let spin = try plugin.function("endless")
                return {
                    let error = try await failure(.deadline) { try await plugin.call(spin) }
                    try #require(error.limit == 1_000_000)
                    try #require(try #require(error.used) >= 1_000_000)
                }
            }
        }
    }

    @Test("A loop without end in a suspendable plugin is stopped by its fuel")
    func suspendableByFuel() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let plugin = try await host.loadSuspendable(
                    .wat(looping), name: "hostile", granting: [Mood()], limits: .scarceFuel())
                let spin = try plugin.function("endless")
                return {
                    let error = try await failure(.fuel) { try await plugin.call(spin) }
                    try #require(error.limit == 10_000 && error.report?.fuelUsed == 10_000)
                }
            }
        }
    }

    @Test("A loop without end in a suspendable plugin is stopped by its deadline")
    func suspendableByDeadline() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                let plugin = try await patiently {
                    try await host.loadSuspendable(
                        .wat(looping), name: "hostile", granting: [Mood()], limits: .shortDeadline())
                }
                let spin = try plugin.function("endless")
                return {
                    let error = try await failure(.deadline) { try await plugin.call(spin) }
                    try #require(error.limit == 1_000_000)
                }
            }
        }
    }

    @Test("A loop without end in a suspendable plugin gives way to others, and ends when it is cancelled")
    func givingWay() async {
        await #expect(processExitsWith: .success) {
            // A repetition waits for a tick of the epoch.
            try await withstand(repetitions: 300) { host in
                let mood = Mood()
                let plugin = try await host.loadSuspendable(
                    .wat(looping), name: "hostile", granting: [mood], limits: .shortDeadline(.seconds(600)))
                let other = try await host.loadSuspendable(
                    .wat("(module (func (export \"one\") (result i32) i32.const 1))"), name: "other", limits: .patient)
                let (spin, one) = (try plugin.function("spin"), try other.function("one", returning: Int32.self))
                return {
                    let call = Task { try await plugin.call(spin) }
                    await mood.state.asked.next()
                    try #require(try await other.call(one).value == 1)
                    call.cancel()
                    _ = try await failure(.cancelled) { _ = try await call.value }
                }
            }
        }
    }

    @Test("A loop without end in the start section of a new instance is stopped by its fuel", arguments: [false, true])
    func startByFuel(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { try await stuckAtTheStart(of: starting, isSuspendable, .fuel, on: $0) }
        }
    }

    @Test(
        "A loop without end in the start section of a new instance is stopped by its deadline",
        arguments: [false, true])
    func startByDeadline(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(repetitions: 300) {
                try await stuckAtTheStart(of: starting, isSuspendable, .deadline, on: $0)
            }
        }
    }

    @Test("A loop without end in the initialiser of a new instance is stopped by its fuel", arguments: [false, true])
    func initializerByFuel(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { try await stuckAtTheStart(of: initializing, isSuspendable, .fuel, on: $0) }
        }
    }

    @Test(
        "A loop without end in the initialiser of a new instance is stopped by its deadline", arguments: [false, true])
    func initializerByDeadline(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(repetitions: 300) {
                try await stuckAtTheStart(of: initializing, isSuspendable, .deadline, on: $0)
            }
        }
    }

    @Test("A module whose start section never ends is refused, and nothing of it is left")
    func load() async {
        await #expect(processExitsWith: .success) {
            // A repetition compiles a module.
            try await withstand(repetitions: 200, .hostile(engine: .quickCompiling)) { host in
                {
                    let error = try await failure(.fuel) {
                        _ = try await host.load(
                            .wat("(module (func $s (loop br 0)) (start $s))"), name: "hostile", limits: .scarceFuel())
                    }
                    try #require(error.limit == 10_000)
                }
            }
        }
    }

    @Test("Fuel that ends in a function that a host function called back ends the call", arguments: [false, true])
    func reentry(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let caller = try await Caller(
                    .wat(calledBack), isSuspendable, granting: [CallBack()], limits: .scarceFuel(), on: host)
                let outer = try caller.function("outer")
                return {
                    let error = try await failure(.fuel) { try await caller.call(outer) }
                    try #require(error.report?.fuelUsed == 10_000)
                    try #require(error.report?.hostCalls == 2)
                }
            }
        }
    }

    @Test(
        "A deadline that passes in a function that a host function called back ends the call", arguments: [false, true])
    func reentryDeadline(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(repetitions: 300) { host in
                let caller = try await Caller(
                    .wat(calledBack), isSuspendable, granting: [CallBack()], limits: .shortDeadline(), on: host)
                let outer = try caller.function("outer")
                return {
                    let error = try await failure(.deadline) { try await caller.call(outer) }
                    try #require(error.limit == 1_000_000)
                }
            }
        }
    }
}

/// A plugin whose instances serve one call each, and get stuck while they are made once the mood has changed.
private func stuckAtTheStart(
    of guest: String, _ isSuspendable: Bool, _ code: PluginError.Code, on host: PluginHost
) async throws -> Attack {
    let mood = Mood()
    var limits: PluginLimits = code == .fuel ? .scarceFuel() : .shortDeadline()
    limits.callsPerInstance = 1
    let caller = try await Caller(.wat(guest), isSuspendable, granting: [mood], limits: limits, on: host)
    let go = try caller.function("go")
    try await patiently { try await caller.call(go) }
    mood.state.isBad.store(true, ordering: .relaxed)
    return {
        let error = try await failure(code) { try await caller.call(go) }
        try #require(error.limit == (code == .fuel ? 10_000 : 1_000_000))
        try #require(error.version == 1)
    }
}

private struct Mood: Capability {
    static let id: CapabilityID = "test:mood"
    final class State: Sendable {
        let isBad = Atomic<Bool>(false)
        let asked = Signal()
    }
    let state = State()

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("mood") { (mood, _) throws(HostError) -> Int32 in
            mood.state.isBad.load(ordering: .relaxed) ? 1 : 0
        }
        HostFunction("ask") { (mood, _) throws(HostError) -> Void in mood.state.asked.send() }
    }
}

private struct CallBack: Capability {
    static let id: CapabilityID = "test:callback"

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("back") { (_, call) throws(HostError) -> Void in
            guard let inner = try call.function("inner") else { throw HostError(.abiViolation, "no 'inner'") }
            _ = try call.call(inner)
        }
        HostFunction("again") { (_, call) throws(HostError) -> Void in
            guard let spin = try call.function("spin") else { throw HostError(.abiViolation, "no 'spin'") }
            _ = try call.call(spin)
        }
    }
}

private let looping = #"""
    (module
      (import "test" "mood" (func (result i32)))
      (import "test" "ask" (func $ask))
      (func (export "endless") (loop br 0))
      (func (export "spin") call $ask (loop br 0)))
    """#

private let starting = #"""
    (module
      (import "test" "mood" (func $mood (result i32)))
      (memory (export "memory") 1)
      (func $start (if (call $mood) (then (loop (br 0)))))
      (start $start)
      (func (export "go")))
    """#

private let initializing = #"""
    (module
      (import "test" "mood" (func $mood (result i32)))
      (memory (export "memory") 1)
      (func (export "_initialize") (if (call $mood) (then (loop (br 0)))))
      (func (export "go")))
    """#

private let calledBack = #"""
    (module
      (import "test" "back" (func $back))
      (import "test" "again" (func $again))
      (func (export "outer") call $back)
      (func (export "inner") call $again)
      (func (export "spin") (loop br 0)))
    """#
