import Airlock
import AirlockTesting
import Synchronization
import TestSupport
import Testing
import Wasmtime
import WorkerLoop

@Suite("Cancellation")
struct CancellationTests {
    private let endless = PluginLimits(fuel: .max, deadline: .seconds(600))

    @Test("Cancelling the task ends a call that runs to completion, and the next call is served")
    func runToCompletion() async throws {
        try await withPluginHost { host in
            let began = Began()
            let plugin = try await host.load(.wat(guest), granting: [began], limits: endless)
            let (spin, one) = (try plugin.function("spin"), try plugin.function("one", returning: Int32.self))
            let task = Task { try await plugin.call(spin) }
            await began.first()
            task.cancel()
            let error = await #expect(throws: PluginError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            #expect(error?.limit == nil)
            #expect(error?.backtrace.first?.functionName == "spin")
            #expect(try await plugin.call(one).value == 1)
        }
    }

    @Test("Cancelling one of many calls leaves the others", arguments: [0, 7, 19])
    func onlyThatCall(index: Int) async throws {
        try await withPluginHost { host in
            let gate = Gate()
            let plugin = try await host.loadSuspendable(.wat(waiting), granting: [Waiting(gate: gate)], limits: endless)
            let wait = try plugin.function("wait", taking: Int32.self, returning: Int32.self)
            let calls = (0..<20).map { value in Task { try await plugin.call(wait, Int32(value)).value } }
            await gate.arrivals(20)
            calls[index].cancel()
            let error = await #expect(throws: PluginError.self) { try await calls[index].value }
            #expect(error?.code == .cancelled)
            gate.open()
            for (value, call) in calls.enumerated() where value != index {
                #expect(try await call.value == 2 * Int32(value))
            }
        }
    }

    @Test("A host function sees that its call was cancelled")
    func hostFunction() async throws {
        try await withPluginHost { host in
            let began = Began()
            let plugin = try await host.load(.wat(guest), granting: [began], limits: endless)
            let lingering = try plugin.function("linger")
            let task = Task { try await plugin.call(lingering) }
            await began.first()
            task.cancel()
            let error = await #expect(throws: PluginError.self) { try await task.value }
            #expect(error?.code == .cancelled)
        }
    }

    @Test("A host function sees that the deadline of its call has passed, and the call ends with it")
    func lateHostFunction() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(
                .wat(guest), granting: [Began()], limits: PluginLimits(fuel: .max, deadline: .milliseconds(5)))
            let error = await #expect(throws: PluginError.self) { try await plugin.call(plugin.function("linger")) }
            #expect(error?.code == .deadline)
            #expect(error?.limit == 5_000_000)
        }
    }

    @Test("The task that made a resident instance's event does not end the instance when it is cancelled")
    func residentInstance() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(guest), granting: [Began()])
            let version = try #require(plugin.currentVersion)
            let count = try #require(try version.function("count", taking: Int32.self, returning: Int32.self))
            let keeper = Keeper(host.loops[0])
            let task = Task { () async throws in
                while !Task.isCancelled { await Task.yield() }
                return try await keeper.call(version, count, 3_000_000)
            }
            task.cancel()
            #expect(try await task.value == 3_000_000)
        }
    }
}

/// Owns a resident instance on its loop for the length of one call.
private actor Keeper {
    private let loop: WorkerLoop

    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(_ loop: WorkerLoop) {
        self.loop = loop
    }

    func call(
        _ version: PluginVersion, _ function: GuestFunction<Int32, Int32>, _ argument: Int32
    ) throws(PluginError) -> Int32 {
        try ResidentInstance(version).call(function, argument).value
    }
}

private struct Began: Capability {
    static let id: CapabilityID = "test:began"
    private let events = AsyncStream.makeStream(of: Void.self)

    /// Waits until the guest has begun.
    func first() async {
        for await _ in events.stream { return }
    }

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("began") { (began, _) throws(HostError) -> Void in
            began.events.continuation.yield()
        }
        HostFunction("linger") { (began, call) throws(HostError) -> Void in
            began.events.continuation.yield()
            while !call.isCancelled {}
        }
    }
}

private let guest = #"""
    (module
      (import "test" "began" (func $began))
      (import "test" "linger" (func $linger))
      (memory (export "memory") 1)
      (func $spin (export "spin") call $began (loop br 0))
      (func (export "linger") call $linger (loop br 0))
      (func (export "one") (result i32) i32.const 1)
      (func (export "count") (param i32) (result i32) (local $n i32)
        (loop
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if 0 (i32.lt_u (local.get $n) (local.get 0))))
        local.get $n))
    """#
