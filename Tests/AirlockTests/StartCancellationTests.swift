import Airlock
import AirlockTesting
import Synchronization
import Testing

/// Guests that never come to the end of their start section or initialiser, once they are told to.
@Suite("Cancelling what runs at the start of an instance", .timeLimit(.minutes(2)))
struct StartCancellationTests {
    static let starts = ["(start $start)", "(export \"_initialize\" (func $start))"]

    private let endless = PluginLimits(fuel: .max, deadline: .seconds(600), callsPerInstance: 1)

    @Test("Cancelling a load ends it, and the loop serves others", arguments: starts, [false, true])
    func load(start: String, isSuspendable: Bool) async throws {
        try await withPluginHost { host in
            let stuck = Stuck()
            stuck.state.isTold.store(true, ordering: .relaxed)
            let source = source(start)
            let load = Task { [endless] in
                if isSuspendable {
                    _ = try await host.loadSuspendable(source, name: "stuck", granting: [stuck], limits: endless)
                } else {
                    _ = try await host.load(source, name: "stuck", granting: [stuck], limits: endless)
                }
            }
            await stuck.begun()
            load.cancel()
            let error = await #expect(throws: PluginError.self) { try await load.value }
            #expect(error?.code == .cancelled, "\(String(describing: error))")
            #expect(error?.plugin == "stuck")
            let other = try await host.load(.wat("(module (func (export \"one\") (result i32) i32.const 1))"))
            #expect(try await other.call(other.function("one", returning: Int32.self)).value == 1)
        }
    }

    @Test("Cancelling a call ends it while its instance is made", arguments: starts, [false, true])
    func call(start: String, isSuspendable: Bool) async throws {
        try await withPluginHost { host in
            let stuck = Stuck()
            let call: @Sendable () async throws -> Int32
            if isSuspendable {
                let plugin = try await host.loadSuspendable(
                    source(start), name: "stuck", granting: [stuck], limits: endless)
                let one = try plugin.function("one", returning: Int32.self)
                call = { try await plugin.call(one).value }
            } else {
                let plugin = try await host.load(source(start), name: "stuck", granting: [stuck], limits: endless)
                let one = try plugin.function("one", returning: Int32.self)
                call = { try await plugin.call(one).value }
            }
            #expect(try await call() == 1)
            stuck.state.isTold.store(true, ordering: .relaxed)
            let task = Task { try await call() }
            await stuck.begun()
            task.cancel()
            let error = await #expect(throws: PluginError.self) { _ = try await task.value }
            #expect(error?.code == .cancelled, "\(String(describing: error))")
            stuck.state.isTold.store(false, ordering: .relaxed)
            #expect(try await call() == 1)
        }
    }

    private func source(_ start: String) -> PluginSource {
        .wat(
            """
            (module
              (import "test" "told" (func $told (result i32)))
              (func $start (if (call $told) (then (loop (br 0)))))
              (func (export "one") (result i32) i32.const 1)
              \(start))
            """)
    }
}

private struct Stuck: Capability {
    static let id: CapabilityID = "test:stuck"
    final class State: Sendable {
        let isTold = Atomic<Bool>(false)
        let begun = AsyncStream.makeStream(of: Void.self)
    }
    let state = State()

    /// Waits until an instance is about to get stuck.
    func begun() async {
        for await _ in state.begun.stream { return }
    }

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("told") { (stuck, _) throws(HostError) -> Int32 in
            guard stuck.state.isTold.load(ordering: .relaxed) else { return 0 }
            stuck.state.begun.continuation.yield()
            return 1
        }
    }
}
