import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: quotas", .hostile)
struct QuotaTests {
    @Test("A call that leaves its group in debt is the last one until that is paid", arguments: [false, true])
    func fuelDebt(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let quota = try Quota("tenant", fuel: slowly(100))
                let caller = try await Caller(.wat(guest), isSuspendable, limits: .scarceFuel(), quota: quota, on: host)
                let spin = try caller.function("spin")
                _ = try await failure(.fuel) { try await caller.call(spin) }
                return {
                    let error = try await failure(.quotaExceeded) { try await caller.call(spin) }
                    try #require(error.quota == "tenant" && error.limit == 100)
                    // 9,900 units of debt at one in a thousand seconds.
                    try #require(try #require(error.retryAfter) > .seconds(9_000_000))
                    try #require(error.report == nil)
                }
            }
        }
    }

    @Test("Instances that are asked for at once never get more memory than their group has")
    func memory() async {
        await #expect(processExitsWith: .success) {
            // A repetition makes 16 calls on two loops, each of which needs an instance.
            // Eight instances, each with its linear memory and its stack.
            let most = 8 * (1 << 20) + 8 * EngineConfiguration().asyncStackSize
            try await withstand(repetitions: 100, .hostile(workers: 2)) { host in
                let quota = try Quota("tenant", memory: most)
                var limits = PluginLimits.patient
                limits.memory = 1 << 20
                let sleeping = Sleeping()
                let plugin = try await host.loadSuspendable(
                    Sleeping.guest, name: "hostile", granting: [sleeping], limits: limits, quota: quota)
                let sleep = try plugin.function("sleep")
                return {
                    let calls = (0..<16).map { _ in Task { try await plugin.call(sleep) } }
                    var codes: [PluginError.Code: Int] = [:]
                    try await withThrowingTaskGroup(of: PluginError.self) { group in
                        for call in calls {
                            group.addTask { try await #require(throws: PluginError.self) { try await call.value } }
                        }
                        // Eight of them get no instance and end at once; only then are the others cancelled.
                        for try await error in group {
                            codes[error.code, default: 0] += 1
                            if error.code == .quotaExceeded {
                                try #require(error.quota == "tenant" && error.limit == UInt64(most))
                                try #require(error.retryAfter == nil)
                            }
                            try #require(quota.usage.memoryBytes <= most)
                            if codes[.quotaExceeded] == 8 { for call in calls { call.cancel() } }
                        }
                    }
                    try #require(codes == [.quotaExceeded: 8, .cancelled: 8], "\(codes)")
                }
            }
        }
    }

    @Test("A flood of calls fills the queue of its group, and what is over it is refused at once")
    func queue() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 100) { host in
                let quota = try Quota("tenant", concurrentCalls: 1, queuedCalls: 3)
                let sleeping = Sleeping()
                let plugin = try await host.loadSuspendable(
                    Sleeping.guest, name: "hostile", granting: [sleeping], limits: .patient, quota: quota)
                let sleep = try plugin.function("sleep")
                return {
                    let first = Task { try await plugin.call(sleep) }
                    await sleeping.begun.next()
                    let waiting = (0..<3).map { _ in Task { try await plugin.call(sleep) } }
                    while quota.usage.queuedCalls < 3 { await Task.yield() }
                    for _ in 0..<20 {
                        let error = try await failure(.overloaded) { try await plugin.call(sleep) }
                        try #require(error.quota == "tenant" && error.limit == 4)
                    }
                    for call in waiting { call.cancel() }
                    for call in waiting { _ = try await failure(.cancelled) { _ = try await call.value } }
                    first.cancel()
                    _ = try await failure(.cancelled) { _ = try await first.value }
                    try #require(quota.usage.concurrentCalls == 0 && quota.usage.queuedCalls == 0)
                }
            }
        }
    }

    @Test("A flood of host calls uses up the host calls of its group")
    func hostCalls() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let quota = try Quota("tenant", hostCalls: slowly(50))
                let plugin = try await host.load(
                    .wat(flooding), name: "hostile", granting: [Nothing()], limits: .patient, quota: quota)
                let flood = try plugin.function("flood")
                return {
                    let error = try await failure(.quotaExceeded) { try await plugin.call(flood) }
                    try #require(error.quota == "tenant" && error.limit == 50)
                    try #require(try #require(error.retryAfter) > .zero)
                    try #require(quota.usage.hostCallsLeft == 0)
                }
            }
        }
    }

    @Test("A plugin that holds its loop is cut when its share is used up, and then refused")
    func loopShare() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                var limits = PluginLimits.shortDeadline(.seconds(60))
                limits.loopShare = LoopShare(perSecond: .nanoseconds(1), burst: .milliseconds(2))
                let plugin = try await host.load(.wat(guest), name: "hostile", limits: limits)
                let spin = try plugin.function("spin")
                let cut = try await failure(.quotaExceeded) { try await plugin.call(spin) }
                try #require(cut.quota == "loopShare" && cut.report != nil)
                return {
                    let error = try await failure(.quotaExceeded) { try await plugin.call(spin) }
                    try #require(error.quota == "loopShare" && error.report == nil)
                    try #require(try #require(error.retryAfter) > .zero)
                }
            }
        }
    }
}

/// So slow that nothing comes back during a test.
private func slowly(_ burst: UInt64) -> QuotaRate { QuotaRate(1, per: .seconds(1_000), burst: burst) }

private struct Nothing: Capability {
    static let id: CapabilityID = "test:nothing"

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("nothing") { (_, _) throws(HostError) -> Void in }
    }
}

private let guest = #"(module (memory (export "memory") 1) (func (export "spin") (loop br 0)))"#

private let flooding = #"""
    (module
      (import "test" "nothing" (func $nothing))
      (func (export "flood") (loop call $nothing br 0)))
    """#
