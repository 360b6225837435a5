import Airlock
import AirlockTesting
import Testing
import Wasmtime
import WorkerLoop

@Suite("Shares of a worker loop")
struct LoopShareTests {
    /// Nothing comes back during a test.
    private let share = LoopShare(perSecond: .nanoseconds(1), burst: .milliseconds(5))

    @Test("A call is cut when its plugin's share is used up, the next is refused, and others are served")
    func cut() async throws {
        try await withPluginHost { host in
            let hog = try await host.load(
                .wat(guest), name: "hog", limits: PluginLimits(fuel: .max, deadline: .seconds(600), loopShare: share))
            let other = try await host.load(.wat(guest), name: "other")
            let (spin, one) = (try hog.function("spin"), try other.function("one", returning: Int32.self))
            let cut = await #expect(throws: PluginError.self) { try await hog.call(spin) }
            #expect(cut?.code == .quotaExceeded)
            #expect(cut?.quota == "loopShare")
            #expect(try #require(cut?.report).loopTime >= .milliseconds(4))
            let refused = await #expect(throws: PluginError.self) { try await hog.call(spin) }
            #expect(refused?.code == .quotaExceeded)
            #expect(refused?.plugin == "hog")
            #expect(refused?.report == nil)
            #expect(try #require(refused?.retryAfter) > .zero)
            #expect(try await other.call(one).value == 1)
            #expect(await hog.totals().calls == 1)
        }
    }

    @Test("Short calls pass while the share lasts, and time is counted on each loop for itself")
    func eachLoop() async throws {
        try await withPluginHost(PluginHostConfiguration(workers: 2)) { host in
            let hog = try await host.load(
                .wat(guest), limits: PluginLimits(fuel: .max, deadline: .seconds(600), loopShare: share))
            let (spin, one) = (try hog.function("spin"), try hog.function("one", returning: Int32.self))
            for loop in host.loops {
                try await Task(executorPreference: loop.taskExecutor) { () async throws in
                    #expect(try await hog.call(one).value == 1)
                    let error = await #expect(throws: PluginError.self) { try await hog.call(spin) }
                    #expect(error?.report != nil)
                }.value
            }
        }
    }

    @Test("A suspendable plugin that used up its share is refused before its next call")
    func suspendable() async throws {
        try await withPluginHost { host in
            let hog = try await host.loadSuspendable(
                .wat(guest), limits: PluginLimits(fuel: 200_000_000, deadline: .seconds(600), loopShare: share))
            let spin = try hog.function("spin")
            let first = await #expect(throws: PluginError.self) { try await hog.call(spin) }
            #expect(first?.code == .fuel)
            let second = await #expect(throws: PluginError.self) { try await hog.call(spin) }
            #expect(second?.code == .quotaExceeded)
            #expect(second?.quota == "loopShare")
        }
    }

    @Test("A share that makes no sense is refused")
    func badShare() async throws {
        try await withPluginHost { host in
            for share in [
                LoopShare(perSecond: .zero, burst: .seconds(1)), LoopShare(perSecond: .seconds(2), burst: .seconds(1)),
                LoopShare(perSecond: .seconds(1), burst: .zero),
            ] {
                let error = await #expect(throws: PluginError.self) {
                    try await host.load(.wat(guest), limits: PluginLimits(loopShare: share))
                }
                #expect(error?.code == .configuration)
            }
        }
    }
}

private let guest = #"""
    (module
      (func (export "spin") (loop br 0))
      (func (export "one") (result i32) i32.const 1))
    """#
