import Airlock
import AirlockTesting
import Synchronization
import Testing

@Suite("Time that is left", .timeLimit(.minutes(2)))
struct RemainingTimeTests {
    @Test("A host function sees how much of its call's deadline is left, and less each time")
    func shrinks() async throws {
        try await withPluginHost { host in
            let seen = Seen()
            let plugin = try await host.loadSuspendable(
                .wat(guest), granting: [seen], limits: PluginLimits(deadline: .seconds(600)))
            try await plugin.call(plugin.function("look"))
            let times = seen.log.times
            #expect(times.count == 4)
            #expect(times.allSatisfy { $0 > .seconds(300) && $0 <= .seconds(600) })
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 >= $1 })
        }
    }

    @Test("Nothing is left once the deadline has passed", arguments: ["linger", "lingerLater"])
    func passed(export: String) async throws {
        try await withPluginHost { host in
            let seen = Seen()
            let plugin = try await host.loadSuspendable(
                .wat(guest), granting: [seen], limits: PluginLimits(fuel: .max, deadline: .milliseconds(20)))
            // On a machine that is busy the deadline may pass before the guest gets to its host call.
            var calls = 0
            while calls == 0 {
                let error = await #expect(throws: PluginError.self) { try await plugin.call(plugin.function(export)) }
                #expect(error?.code == .deadline)
                calls = error?.report?.hostCalls ?? 1
            }
            #expect(await seen.log.first() == .zero)
        }
    }
}

private struct Seen: Capability {
    static let id: CapabilityID = "test:seen"
    final class Log: Sendable {
        private let all = Mutex<[Duration]>([])
        private let arrived = AsyncStream.makeStream(of: Duration.self)

        var times: [Duration] { all.withLock { $0 } }

        func note(_ time: Duration) {
            all.withLock { $0.append(time) }
            arrived.continuation.yield(time)
        }

        /// The first one, waiting for it: an asynchronous host function may outlive its call.
        func first() async -> Duration? {
            for await time in arrived.stream { return time }
            return nil
        }
    }
    let log = Log()

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("look") { (seen, call) throws(HostError) -> Void in seen.log.note(call.remainingTime) }
        HostFunction("lookLater") { (seen, call) async throws(HostError) -> Void in
            seen.log.note(call.remainingTime)
        }
        HostFunction("linger") { (seen, call) throws(HostError) -> Void in
            while !call.isCancelled {}
            seen.log.note(call.remainingTime)
        }
        HostFunction("lingerLater") { (seen, call) async throws(HostError) -> Void in
            while !call.isCancelled { await Task.yield() }
            seen.log.note(call.remainingTime)
        }
    }
}

private let guest = #"""
    (module
      (import "test" "look" (func $look))
      (import "test" "lookLater" (func $lookLater))
      (import "test" "linger" (func $linger))
      (import "test" "lingerLater" (func $lingerLater))
      (func (export "look") call $look call $lookLater call $look call $lookLater)
      (func (export "linger") call $linger (loop br 0))
      (func (export "lingerLater") call $lingerLater (loop br 0)))
    """#
