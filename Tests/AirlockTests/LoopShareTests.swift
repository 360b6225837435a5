import Airlock
import AirlockTesting
import Testing
import Wasmtime
import WorkerLoop

@Suite("Shares of a worker loop")
struct LoopShareTests {
    /// Nothing comes back during a test.
    private let share = LoopShare(perSecond: .nanoseconds(1), burst: .milliseconds(100))

    @Test("A call is cut when its plugin's share is used up, the next is refused, and others are served")
    func cut() async throws {
        try await withPluginHost { host in
            let hog = try await host.load(
                .wat(guest), name: "hog", limits: PluginLimits(fuel: .max, deadline: .seconds(600), loopShare: share))
            let other = try await host.load(.wat(guest), name: "other", limits: PluginLimits(deadline: .seconds(600)))
            let (spin, one) = (try hog.function("spin"), try other.function("one", returning: Int32.self))
            let cut = await #expect(throws: PluginError.self) { try await hog.call(spin) }
            #expect(cut?.code == .quotaExceeded)
            #expect(cut?.quota == "loopShare")
            #expect(try #require(cut?.report).loopTime >= .milliseconds(90))
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

    @Test(
        "A suspendable call is cut when its plugin's share is used up, and the next is refused",
        arguments: ["spin", "reenter"])
    func suspendable(function: String) async throws {
        try await withPluginHost { host in
            let hog = try await host.loadSuspendable(
                .wat(reentering), granting: [Reentering()],
                limits: PluginLimits(fuel: .max, deadline: .seconds(600), loopShare: share))
            let spin = try hog.function(function)
            let cut = await #expect(throws: PluginError.self) { try await hog.call(spin) }
            #expect(cut?.code == .quotaExceeded)
            #expect(cut?.quota == "loopShare")
            #expect(cut?.retryAfter ?? .zero > .zero)
            #expect(try #require(cut?.report).loopTime >= .milliseconds(90))
            let refused = await #expect(throws: PluginError.self) { try await hog.call(spin) }
            #expect(refused?.code == .quotaExceeded)
            #expect(refused?.report == nil)
        }
    }

    @Test("Suspendable calls that are in flight together use one share")
    func together() async throws {
        try await withPluginHost { host in
            let hog = try await host.loadSuspendable(
                .wat(guest), limits: PluginLimits(fuel: .max, deadline: .seconds(600), loopShare: share))
            let spin = try hog.function("spin")
            let times = await withTaskGroup(of: Duration.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let error = await #expect(throws: PluginError.self) { try await hog.call(spin) }
                        #expect(error?.quota == "loopShare")
                        return error?.report?.loopTime ?? .zero
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(times.reduce(.zero, +) >= .milliseconds(90))
            // With a share of its own, each would have had as much.
            #expect(try #require(times.min()) < .milliseconds(90))
            #expect(await hog.totals().loopTime == times.reduce(.zero, +))
        }
    }

    @Test("A version that replaces one which used up the share can start", arguments: [false, true])
    func replacement(isSuspendable: Bool) async throws {
        // It takes longer to start than what an event gets that finds nothing left.
        let slow = """
            (module (func (export "spin"))
              (func $start (local $i i32)
                (loop $more (br_if $more (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3000000)))))
              (start $start))
            """
        try await withPluginHost { host in
            let tight = LoopShare(perSecond: .nanoseconds(1), burst: .milliseconds(500))
            let limits = PluginLimits(fuel: .max, deadline: .seconds(600), loopShare: tight)
            if isSuspendable {
                let hog = try await host.loadSuspendable(.wat(guest), limits: limits)
                let error = try await #require(throws: PluginError.self) { try await hog.call(hog.function("spin")) }
                #expect(error.quota == "loopShare")
                try await hog.reload(from: .wat(slow))
            } else {
                let hog = try await host.load(.wat(guest), limits: limits)
                let error = try await #require(throws: PluginError.self) { try await hog.call(hog.function("spin")) }
                #expect(error.quota == "loopShare")
                try await hog.reload(from: .wat(slow))
            }
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

private struct Reentering: Capability {
    static let id: CapabilityID = "test:reenter"
    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("reenter") { (_, call) throws(HostError) -> Void in
            guard let spin = try call.function("spin") else { throw HostError(.failed, "there is no 'spin'") }
            let _: NoResult = try call.call(spin)
        }
    }
}

private let reentering = #"""
    (module
      (import "test" "reenter" (func $reenter))
      (func (export "spin") (loop br 0))
      (func (export "reenter") (call $reenter)))
    """#

private let guest = #"""
    (module
      (func (export "spin") (loop br 0))
      (func (export "one") (result i32) i32.const 1))
    """#
