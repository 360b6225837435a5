import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Crash loops")
struct CrashLoopTests {
    @Test("Who makes a plugin fail again and again does not fill the host's log")
    func log() async throws {
        let log = RecordedLog()
        try await withPluginHost(PluginHostConfiguration(workers: 1, compilation: .inProcess), logger: log.logger()) {
            host in
            let plugin = try await host.load(.wat("(module (func (export \"trap\") unreachable))"), name: "p")
            let trap = try plugin.function("trap")
            let start = ContinuousClock.now
            for _ in 0..<1_000 { await #expect(throws: PluginError.self) { try await plugin.call(trap) } }
            let seconds = Int((ContinuousClock.now - start) / .seconds(1)) + 2
            let count = log.lines.count { $0.message == "plugin instance discarded" }
            #expect(count >= 10 && count <= 10 * seconds)
        }
    }

    @Test("A plugin that fails again and again is paused, and says for how long")
    func pause() async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let policy = CrashLoopPolicy(
                failures: 3, window: .seconds(600), firstPause: .seconds(600), longestPause: .seconds(600))
            let plugin = try await host.load(.wat(guest), limits: PluginLimits(crashLoop: policy))
            let (trap, one) = (try plugin.function("trap"), try plugin.function("one", returning: Int32.self))
            for _ in 0..<2 { await #expect(throws: PluginError.self) { try await plugin.call(trap) } }
            #expect(try await plugin.call(one).value == 1)
            let third = await #expect(throws: PluginError.self) { try await plugin.call(trap) }
            #expect(third?.code == .trap)
            let error = await #expect(throws: PluginError.self) { try await plugin.call(one) }
            #expect(error?.code == .quarantined)
            #expect(try #require(error?.retryAfter) > .seconds(500))
            #expect(!plugin.isQuarantined)
            #expect(await events.first { if case .paused = $0.kind { true } else { false } } != nil)
            plugin.readmit()
            #expect(try await plugin.call(one).value == 1)
        }
    }

    @Test("One crash loop after another ends in quarantine, until the plugin is readmitted")
    func quarantine() async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let policy = CrashLoopPolicy(
                failures: 1, window: .seconds(600), firstPause: .nanoseconds(1), longestPause: .nanoseconds(1),
                quarantineAfter: 4)
            let plugin = try await host.load(.wat(guest), limits: PluginLimits(crashLoop: policy))
            let (trap, one) = (try plugin.function("trap"), try plugin.function("one", returning: Int32.self))
            for _ in 0..<4 {
                let error = await #expect(throws: PluginError.self) { try await plugin.call(trap) }
                #expect(error?.code == .trap)
            }
            let error = await #expect(throws: PluginError.self) { try await plugin.call(one) }
            #expect(error?.code == .quarantined)
            #expect(error?.retryAfter == nil)
            #expect(plugin.isQuarantined)
            #expect(await events.first { if case .quarantined = $0.kind { true } else { false } } != nil)
            plugin.readmit()
            #expect(try await plugin.call(one).value == 1)
            #expect(!plugin.isQuarantined)
            #expect(await events.first { if case .readmitted = $0.kind { true } else { false } } != nil)
        }
    }

    @Test("Pauses double up to the longest, and the events say so")
    func doubling() async throws {
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            // They are over before the next call begins.
            let policy = CrashLoopPolicy(
                failures: 1, window: .seconds(600), firstPause: .nanoseconds(1), longestPause: .nanoseconds(5),
                quarantineAfter: 6)
            let plugin = try await host.load(.wat(guest), limits: PluginLimits(crashLoop: policy))
            let trap = try plugin.function("trap")
            var pauses: [Duration] = []
            for _ in 0..<5 {
                let error = await #expect(throws: PluginError.self) { try await plugin.call(trap) }
                #expect(error?.code == .trap)
                _ = await events.first {
                    if case .paused(let pause) = $0.kind { pauses.append(pause) }
                    return if case .paused = $0.kind { true } else { false }
                }
            }
            #expect(pauses == [1, 2, 4, 5, 5].map { .nanoseconds($0) })
        }
    }

    @Test("What others used up of a quota is not held against a plugin")
    func quotas() async throws {
        let quota = try Quota("tenant", hostCalls: QuotaRate(1, per: .seconds(1_000), burst: 1))
        try await withPluginHost { host in
            let limits = PluginLimits(crashLoop: CrashLoopPolicy(failures: 1, quarantineAfter: 1))
            let plugin = try await host.load(.wat(calling), granting: [Nothing()], limits: limits, quota: quota)
            let call = try plugin.function("call")
            try await plugin.call(call)
            for _ in 0..<5 {
                let error = await #expect(throws: PluginError.self) { try await plugin.call(call) }
                #expect(error?.code == .quotaExceeded)
            }
            #expect(!plugin.isQuarantined)
        }
    }

    @Test("A new version ends a quarantine")
    func replacement() async throws {
        try await withPluginHost { host in
            let policy = CrashLoopPolicy(failures: 1, quarantineAfter: 1)
            let plugin = try await host.load(.wat(guest), limits: PluginLimits(crashLoop: policy))
            let one = try plugin.function("one", returning: Int32.self)
            await #expect(throws: PluginError.self) { try await plugin.call(plugin.function("trap")) }
            #expect(plugin.isQuarantined)
            try await plugin.reload(from: .wat(guest))
            #expect(try await plugin.call(one).value == 1)
        }
    }

    @Test("Without a policy each call gets its chance")
    func noPolicy() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(guest))
            let trap = try plugin.function("trap")
            for _ in 0..<100 {
                let error = await #expect(throws: PluginError.self) { try await plugin.call(trap) }
                #expect(error?.code == .trap)
            }
        }
    }
}

private let guest = #"""
    (module
      (func (export "trap") unreachable)
      (func (export "one") (result i32) i32.const 1))
    """#

private let calling = #"""
    (module (import "test" "nothing" (func $nothing)) (func (export "call") call $nothing))
    """#

private struct Nothing: Capability {
    static let id: CapabilityID = "test:nothing"
    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("nothing") { (_, _) throws(HostError) -> Void in }
    }
}
