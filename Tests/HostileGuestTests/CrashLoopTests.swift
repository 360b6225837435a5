import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: crash loops", .hostile)
struct CrashLoopTests {
    @Test("A plugin that traps again and again is paused, is quarantined in the end, and runs when it is readmitted")
    func wholeStory() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 300) { host in
                var limits = PluginLimits.patient
                limits.crashLoop = CrashLoopPolicy(
                    failures: 2, window: .seconds(600), firstPause: .nanoseconds(1), longestPause: .nanoseconds(1),
                    quarantineAfter: 3)
                let plugin = try await host.load(.wat(failing), name: "hostile", limits: limits)
                let (trap, one) = (try plugin.function("trap"), try plugin.function("one", returning: Int32.self))
                return {
                    for _ in 0..<6 { _ = try await failure(.trap) { try await plugin.call(trap) } }
                    let error = try await failure(.quarantined) { _ = try await plugin.call(one) }
                    try #require(error.retryAfter == nil)
                    try #require(plugin.isQuarantined)
                    plugin.readmit()
                    try #require(try await plugin.call(one).value == 1)
                }
            }
        }
    }

    @Test(
        "While a plugin is paused it is not run, and its callers are told how long to wait", arguments: [false, true])
    func pause(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                var limits = PluginLimits.patient
                limits.crashLoop = CrashLoopPolicy(
                    failures: 1, window: .seconds(600), firstPause: .seconds(600), longestPause: .seconds(600))
                let caller = try await Caller(.wat(failing), isSuspendable, limits: limits, on: host)
                let (trap, one) = (try caller.function("trap"), try caller.function("one", returning: Int32.self))
                _ = try await failure(.trap) { try await caller.call(trap) }
                return {
                    let error = try await failure(.quarantined) { try await caller.call(one) }
                    try #require(try #require(error.retryAfter) > .seconds(300))
                    try #require(error.report == nil)
                }
            }
        }
    }

    @Test("What was quarantined is replaced by a new version, again and again")
    func replacement() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 200) { host in
                var limits = PluginLimits.patient
                limits.crashLoop = CrashLoopPolicy(failures: 1, quarantineAfter: 1)
                let plugin = try await host.load(.wat(failing), name: "hostile", limits: limits)
                let (trap, one) = (try plugin.function("trap"), try plugin.function("one", returning: Int32.self))
                return {
                    let number = plugin.currentVersion?.number ?? 0
                    _ = try await failure(.trap) { try await plugin.call(trap) }
                    _ = try await failure(.quarantined) { _ = try await plugin.call(one) }
                    try #require(try await plugin.reload(from: .wat(failing)).number == number + 1)
                    try #require(try await plugin.call(one).value == 1)
                }
            }
        }
    }
}

private let failing = #"""
    (module
      (memory (export "memory") 1)
      (func (export "trap") unreachable)
      (func (export "one") (result i32) i32.const 1))
    """#
