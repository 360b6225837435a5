import Airlock
import AirlockTesting
import TestSupport
import Testing
import Wasmtime

@Suite("Quotas")
struct QuotaTests {
    /// So slow that nothing comes back during a test.
    private func slowly(_ burst: UInt64) -> QuotaRate { QuotaRate(1, per: .seconds(1_000), burst: burst) }

    @Test("Plugins of one quota share its fuel, and are refused when it is used up")
    func fuel() async throws {
        let quota = try Quota("tenant", fuel: slowly(5_000))
        try await withPluginHost { host in
            let first = try await host.load(.wat(guest), name: "first", limits: PluginLimits(fuel: 4_000), quota: quota)
            let second = try await host.load(
                .wat(guest), name: "second", limits: PluginLimits(fuel: 4_000), quota: quota)
            let (spin, add) = (try first.function("spin"), try second.function("one", returning: Int32.self))
            for number in 0..<2 {
                let burnt = await #expect(throws: PluginError.self) { try await first.call(spin) }
                #expect(burnt?.code == .fuel)
                if number == 0 { #expect(try await second.call(add).value == 1) }
            }
            let error = await #expect(throws: PluginError.self) { try await second.call(add) }
            #expect(error?.code == .quotaExceeded)
            #expect(error?.plugin == "second")
            #expect(error?.version == 1)
            #expect(error?.quota == "tenant")
            #expect(error?.limit == 5_000)
            #expect(try #require(error?.retryAfter) > .seconds(1_000))
            let other = try await host.load(.wat(guest), limits: PluginLimits(fuel: 4_000))
            #expect(try await other.call(add).value == 1)
        }
    }

    @Test("Fuel comes back")
    func refill() async throws {
        let quota = try Quota("tenant", fuel: QuotaRate(1_000_000_000_000, burst: 1_000))
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(guest), limits: PluginLimits(fuel: 4_000), quota: quota)
            let (spin, one) = (try plugin.function("spin"), try plugin.function("one", returning: Int32.self))
            for _ in 0..<10 { await #expect(throws: PluginError.self) { try await plugin.call(spin) } }
            #expect(try await plugin.call(one).value == 1)
        }
    }

    @Test("Memory is reserved before an instance is made, and given back when it is freed")
    func memory() async throws {
        let quota = try Quota("tenant", memory: 3 << 20)
        let limits = PluginLimits(memory: 2 << 20)
        try await withPluginHost { host in
            let first = try await host.load(.wat(guest), name: "first", limits: limits, quota: quota)
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.wat(guest), name: "second", limits: limits, quota: quota)
            }
            #expect(error?.code == .quotaExceeded)
            #expect(error?.plugin == "second")
            #expect(error?.quota == "tenant")
            #expect(error?.limit == 3 << 20)
            #expect(error?.used ?? 0 > 3 << 20)
            #expect(error?.retryAfter == nil)
            #expect(host.instanceCount == 1)
            await first.unload()
            #expect(quota.usage.memoryBytes == 0)
            let second = try await host.load(.wat(guest), limits: limits, quota: quota)
            #expect(try await second.call(second.function("one", returning: Int32.self)).value == 1)
        }
        #expect(quota.usage.memoryBytes == 0)
    }

    @Test("What the start of a version burns that does not take over is charged", arguments: [false, true])
    func failedStart(isSuspendable: Bool) async throws {
        let quota = try Quota("tenant", fuel: QuotaRate(1, burst: 100_000))
        let limits = PluginLimits(fuel: 1_000_000, deadline: .seconds(60))
        let bad = PluginSource.wat(
            "(module (func (export \"one\") (result i32) i32.const 1) (func $s (loop br 0)) (start $s))")
        try await withPluginHost { host in
            if isSuspendable {
                let plugin = try await host.loadSuspendable(.wat(guest), limits: limits, quota: quota)
                let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: bad) }
                #expect(error?.code == .fuel)
                let refused = await #expect(throws: PluginError.self) {
                    try await plugin.call(plugin.function("one", returning: Int32.self))
                }
                #expect(refused?.code == .quotaExceeded && refused?.quota == "tenant")
            } else {
                let plugin = try await host.load(.wat(guest), limits: limits, quota: quota)
                let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: bad) }
                #expect(error?.code == .fuel)
                let refused = await #expect(throws: PluginError.self) {
                    try await plugin.call(plugin.function("one", returning: Int32.self))
                }
                #expect(refused?.code == .quotaExceeded && refused?.quota == "tenant")
            }
        }
    }

    @Test("A suspendable plugin that is idle leaves the memory of a burst to others of its group")
    func idle() async throws {
        let instance = (1 << 20) + EngineConfiguration().asyncStackSize
        let quota = try Quota("tenant", memory: 4 * instance)
        var limits = patient
        limits.memory = 1 << 20
        try await withPluginHost { [limits] host in
            let gate = Gate()
            let waiter = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: limits, quota: quota)
            let wait = try waiter.function("wait", taking: Int32.self, returning: Int32.self)
            async let first = waiter.call(wait, 1)
            async let second = waiter.call(wait, 2)
            async let third = waiter.call(wait, 3)
            await gate.arrivals(3)
            gate.open()
            #expect(try await [first.value, second.value, third.value] == [2, 4, 6])
            #expect(quota.usage.memoryBytes <= instance)
        }
    }

    @Test("One call more than the quota allows is refused, in whichever plugin it is")
    func concurrentCalls() async throws {
        let quota = try Quota("tenant", concurrentCalls: 1)
        try await withPluginHost { host in
            let gate = Gate()
            let waiter = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: patient, quota: quota)
            let other = try await host.load(.wat(guest), name: "other", quota: quota)
            let wait = try waiter.function("wait", taking: Int32.self, returning: Int32.self)
            async let first = waiter.call(wait, 1)
            await gate.arrivals(1)
            let one = try other.function("one", returning: Int32.self)
            let error = await #expect(throws: PluginError.self) { try await other.call(one) }
            #expect(error?.code == .overloaded)
            #expect(error?.plugin == "other")
            #expect(error?.version == 1)
            #expect(error?.quota == "tenant")
            #expect(error?.limit == 1)
            #expect(try #require(error?.retryAfter) >= .milliseconds(1))
            gate.open()
            #expect(try await first.value == 2)
            #expect(try await other.call(one).value == 1)
            #expect(quota.usage.concurrentCalls == 0)
        }
    }

    @Test("Calls wait for their turn in order, as many as the quota lets wait")
    func queue() async throws {
        let quota = try Quota("tenant", concurrentCalls: 1, queuedCalls: 2)
        try await withPluginHost { host in
            let gate = Gate()
            let waiter = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: patient, quota: quota)
            let wait = try waiter.function("wait", taking: Int32.self, returning: Int32.self)
            async let first = waiter.call(wait, 1)
            await gate.arrivals(1)
            async let second = waiter.call(wait, 2)
            async let third = waiter.call(wait, 3)
            while quota.usage.queuedCalls < 2 { await Task.yield() }
            let error = await #expect(throws: PluginError.self) { try await waiter.call(wait, 4) }
            #expect(error?.code == .overloaded)
            #expect(error?.quota == "tenant")
            gate.open()
            #expect(try await [first.value, second.value, third.value] == [2, 4, 6])
            #expect(quota.usage.queuedCalls == 0)
            #expect(quota.usage.concurrentCalls == 0)
        }
    }

    @Test("A call that is cancelled, or waits for longer than its deadline, leaves the queue")
    func leavingTheQueue() async throws {
        let quota = try Quota("tenant", concurrentCalls: 1, queuedCalls: 5)
        try await withPluginHost { host in
            let gate = Gate()
            let waiter = try await host.loadSuspendable(
                .wat(waiting), granting: [Waiting(gate: gate)], limits: patient, quota: quota)
            let hasty = try await host.load(
                .wat(guest), limits: PluginLimits(deadline: .milliseconds(5)), quota: quota)
            let one = try hasty.function("one", returning: Int32.self)
            let wait = try waiter.function("wait", taking: Int32.self, returning: Int32.self)
            async let first = waiter.call(wait, 1)
            await gate.arrivals(1)
            let late = await #expect(throws: PluginError.self) { try await hasty.call(one) }
            #expect(late?.code == .overloaded)
            let add = try waiter.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
            let cancelled = Task { try await waiter.call(add, 1, 1) }
            while quota.usage.queuedCalls < 1 { await Task.yield() }
            cancelled.cancel()
            let error = await #expect(throws: PluginError.self) { try await cancelled.value }
            #expect(error?.code == .cancelled)
            #expect(quota.usage.queuedCalls == 0)
            gate.open()
            #expect(try await first.value == 2)
        }
        #expect(quota.usage.concurrentCalls == 0)
    }

    @Test("Host calls and metered bytes are taken from the quota, and what is over it ends the call")
    func hostCallsAndBytes() async throws {
        let quota = try Quota("tenant", hostCalls: slowly(4), logBytes: slowly(100))
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(metered), granting: [Metered()], quota: quota)
            let log = try plugin.function("log", taking: Int32.self)
            let report = try await plugin.call(log, 60).report
            #expect(report.logBytes == 60)
            #expect(report.hostCallsByName["metered.log"] == 1)
            let bytes = await #expect(throws: PluginError.self) { try await plugin.call(log, 41) }
            #expect(bytes?.code == .quotaExceeded)
            #expect(bytes?.quota == "tenant")
            #expect(bytes?.message.contains("logBytes") == true)
            #expect(bytes?.report?.logBytes == 0)
            // One byte is missing, and comes back in 1,000 seconds.
            #expect(try #require(bytes?.retryAfter) > .seconds(900))
            #expect(try #require(bytes?.retryAfter) <= .seconds(1_000))
            #expect(bytes?.plugin == "plugin" && bytes?.version == 1)
            try await plugin.call(log, 40)
            try await plugin.call(log, 0)
            let calls = await #expect(throws: PluginError.self) { try await plugin.call(log, 0) }
            #expect(calls?.code == .quotaExceeded)
            #expect(calls?.message.contains("hostCalls") == true)
            #expect(try #require(calls?.retryAfter) > .seconds(900))
            #expect(quota.usage.hostCallsLeft == 0)
        }
    }

    @Test("What a start section uses is charged, though it is no call")
    func startSections() async throws {
        let quota = try Quota("tenant", fuel: slowly(100_000))
        let starting = #"""
            (module
              (func $s (local $n i32)
                (loop
                  (local.set $n (i32.add (local.get $n) (i32.const 1)))
                  (br_if 0 (i32.lt_u (local.get $n) (i32.const 10000)))))
              (start $s)
              (func (export "one") (result i32) i32.const 1))
            """#
        try await withPluginHost { host in
            let limits = PluginLimits(fuel: 1_000_000, callsPerInstance: 1)
            let plugin = try await host.load(.wat(starting), limits: limits, quota: quota)
            let one = try plugin.function("one", returning: Int32.self)
            let left = try #require(quota.usage.fuelLeft)
            #expect(left < 60_000)
            #expect(try await plugin.call(one).value == 1)
            #expect(try await plugin.call(one).value == 1)
            let error = await #expect(throws: PluginError.self) {
                for _ in 0..<3 { try await plugin.call(one) }
            }
            #expect(error?.code == .quotaExceeded)
            #expect(await plugin.totals().calls < 5)
        }
    }

    @Test("A guest that the clock stops pays fuel for its time")
    func stoppedByTheClock() async throws {
        let quota = try Quota("tenant", fuel: slowly(5_000_000))
        try await withPluginHost { host in
            let limits = PluginLimits(fuel: .max, deadline: .milliseconds(10))
            let plugin = try await host.load(.wat(guest), limits: limits, quota: quota)
            let spin = try plugin.function("spin")
            let first = await #expect(throws: PluginError.self) { try await plugin.call(spin) }
            #expect(first?.code == .deadline)
            let second = await #expect(throws: PluginError.self) { try await plugin.call(spin) }
            #expect(second?.code == .quotaExceeded)
        }
    }

    @Test("A session that ends in an error of the host's own is charged, and the error says what was used")
    func sessions() async throws {
        let quota = try Quota("tenant", fuel: slowly(1_000))
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(guest), quota: quota)
            let count = try plugin.function("count", taking: Int32.self)
            let error = await #expect(throws: PluginError.self) {
                try await plugin.withSession { (session) throws(PluginError) in
                    try session.call(count, 1_000)
                    _ = try session.bytes(of: GuestBytes(offset: .max, count: 16))
                }
            }
            #expect(error?.code == .badArgument)
            #expect(try #require(error?.report).fuelUsed > 1_000)
            let refused = await #expect(throws: PluginError.self) { try await plugin.call(count, 1) }
            #expect(refused?.code == .quotaExceeded)
        }
    }

    @Test("A quota that makes no sense is refused by name")
    func badQuotas() {
        func refusal(_ make: () throws -> Quota) -> PluginError? { #expect(throws: PluginError.self) { try make() } }
        for error in [
            refusal { try Quota("bad", fuel: QuotaRate(1, burst: 0)) },
            refusal { try Quota("bad", hostCalls: QuotaRate(1, per: .zero)) },
            refusal { try Quota("bad", memory: -1) },
            refusal { try Quota("bad", concurrentCalls: 0) },
        ] {
            #expect(error?.code == .configuration)
            #expect(error?.message.contains("'bad'") == true)
        }
    }
}

private let patient = PluginLimits(deadline: .seconds(60))

private let guest = #"""
    (module
      (memory (export "memory") 1)
      (func (export "spin") (loop br 0))
      (func (export "count") (param $n i32)
        (loop (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (func (export "one") (result i32) i32.const 1))
    """#

private let metered = #"""
    (module
      (import "metered" "log" (func $log (param i32)))
      (func (export "log") (param i32) local.get 0 call $log))
    """#

private struct Metered: Capability {
    static let id: CapabilityID = "test:metered"
    static let functions = HostFunctions<Self>(module: "metered") {
        HostFunction("log") { (_, call, bytes: Int32) throws(HostError) -> Void in
            try call.charge(Int(bytes), to: .logBytes)
        }
    }
}
