import Airlock
import AirlockTesting
import TestSupport
import Testing
import Wasmtime

/// A repetition that waits for a deadline takes two milliseconds or more, with ticks of one: those cases make 300.
@Suite("Hostile: host functions that take long", .hostile)
struct WaitingTests {
    @Test("A call whose host function returns after the deadline ends with it", arguments: [false, true])
    func slow(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand(repetitions: 300) { host in
                let caller = try await Caller(
                    .wat(immediate), isSuspendable, granting: [Slow()], limits: .shortDeadline(), on: host)
                let linger = try caller.function("linger")
                return {
                    let error = try await failure(.deadline) { try await caller.call(linger) }
                    try #require(error.limit == 1_000_000)
                    try #require(try #require(error.used) >= 1_000_000)
                }
            }
        }
    }

    @Test("An asynchronous host function that never returns is cancelled at the deadline")
    func never() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                let plugin = try await patiently {
                    try await host.loadSuspendable(
                        .wat(waitingGuest), name: "hostile", granting: [Waiting()], limits: .shortDeadline())
                }
                let wait = try plugin.function("wait")
                return {
                    let error = try await failure(.deadline) { try await plugin.call(wait) }
                    try #require(error.limit == 1_000_000)
                }
            }
        }
    }

    @Test("The result of an asynchronous host function that ignores its cancellation is dropped")
    func late() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                let waiting = Waiting()
                let plugin = try await patiently {
                    try await host.loadSuspendable(
                        .wat(waitingGuest), name: "hostile", granting: [waiting], limits: .shortDeadline())
                }
                let stay = try plugin.function("stay", returning: Int32.self)
                return {
                    let error = try await failure(.deadline) { try await plugin.call(stay) }
                    // On a machine that is busy the deadline may pass before the guest gets to its host call.
                    if error.report?.hostCalls == 1 { waiting.gate.open(for: 1) }
                }
            }
        }
    }

    @Test("Cancelling the task that awaits a call ends the host function that it waits for")
    func cancel() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let waiting = Waiting()
                let plugin = try await host.loadSuspendable(
                    .wat(waitingGuest), name: "hostile", granting: [waiting], limits: .patient)
                let wait = try plugin.function("wait")
                return {
                    let call = Task { try await plugin.call(wait) }
                    await waiting.begun.next()
                    call.cancel()
                    let error = try await failure(.cancelled) { _ = try await call.value }
                    try #require(error.limit == nil)
                    try #require(error.report?.hostCalls == 1)
                }
            }
        }
    }

    @Test("Cancelling a call that runs to completion ends it and no other")
    func cancelRunning() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let begun = Slow()
                let plugin = try await patiently {
                    try await host.load(
                        .wat(immediate), name: "hostile", granting: [begun], limits: .shortDeadline(.seconds(60)))
                }
                let spin = try plugin.function("spin")
                return {
                    let call = Task { try await plugin.call(spin) }
                    await begun.begun.next()
                    call.cancel()
                    _ = try await failure(.cancelled) { _ = try await call.value }
                }
            }
        }
    }

    @Test("Cancelling one of twenty waiting calls leaves the others")
    func cancelOne() async {
        await #expect(processExitsWith: .success) {
            // A repetition makes twenty calls.
            try await withstand(repetitions: 100) { host in
                let waiting = Waiting()
                let plugin = try await host.loadSuspendable(
                    .wat(waitingGuest), name: "hostile", granting: [waiting], limits: .patient)
                let stay = try plugin.function("stay", returning: Int32.self)
                return {
                    let calls = (0..<20).map { _ in Task { try await plugin.call(stay).value } }
                    for _ in 0..<20 { await waiting.begun.next() }
                    calls[7].cancel()
                    _ = try await failure(.cancelled) { _ = try await calls[7].value }
                    waiting.gate.open(for: 20)
                    for (index, call) in calls.enumerated() where index != 7 { try #require(try await call.value == 7) }
                }
            }
        }
    }
}

/// Host functions that hold the worker loop.
private struct Slow: Capability {
    static let id: CapabilityID = "test:slow"
    let begun = Signal()

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("linger") { (_, call) throws(HostError) -> Void in
            while !call.isCancelled {}
        }
        HostFunction("begun") { (slow, _) throws(HostError) -> Void in slow.begun.send() }
    }
}

/// Host functions that wait.
private struct Waiting: Capability {
    static let id: CapabilityID = "test:waiting"
    let begun = Signal()
    let gate = Gate()

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("wait") { (waiting, _) async throws(HostError) -> Void in
            waiting.begun.send()
            await waitForCancellation()
        }
        HostFunction("stay") { (waiting, _) async throws(HostError) -> Int32 in
            waiting.begun.send()
            // In a task of its own, which is not cancelled with the call.
            await Task { try? await waiting.gate.pass() }.value
            return 7
        }
    }
}

private let immediate = #"""
    (module
      (import "test" "linger" (func $linger))
      (import "test" "begun" (func $begun))
      (func (export "linger") call $linger (loop br 0))
      (func (export "spin") call $begun (loop br 0)))
    """#

private let waitingGuest = #"""
    (module
      (import "test" "wait" (func $wait))
      (import "test" "stay" (func $stay (result i32)))
      (memory (export "memory") 1)
      (func (export "wait") call $wait)
      (func (export "stay") (result i32) call $stay))
    """#
