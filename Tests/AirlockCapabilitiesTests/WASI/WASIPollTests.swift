import Airlock
import AirlockCapabilities
import AirlockTesting
import Logging
import Testing

/// A subscription to a clock, as the ABI has it.
private func sleep(_ data: UInt64, clock: UInt32 = 1, _ nanoseconds: UInt64, isAbsolute: Bool = false) -> [UInt8] {
    littleEndian(data) + littleEndian(UInt64(0)) + littleEndian(UInt64(clock)) + littleEndian(nanoseconds)
        + littleEndian(UInt64(0)) + littleEndian(UInt64(isAbsolute ? 1 : 0))
}

/// A subscription to a descriptor.
private func readiness(_ data: UInt64, _ descriptor: UInt32, writing: Bool = false) -> [UInt8] {
    littleEndian(data) + littleEndian(UInt64(writing ? 2 : 1)) + littleEndian(UInt64(descriptor))
        + [UInt8](repeating: 0, count: 24)
}

private struct Event: Equatable {
    var data: UInt64
    var errno: Int32 = 0
    var kind: UInt8 = 0
}

extension WASIGuest {
    /// Polls, and gives the events.
    fileprivate func poll(_ subscriptions: [[UInt8]]) async throws -> [Event] {
        try await poke(subscriptions.flatMap(\.self), at: 4096)
        let errno = try await call("poll_oneoff", 4096, 32_768, UInt64(subscriptions.count), 16)
        #expect(errno == 0)
        let bytes = try await peek(Int(try await peek(UInt32.self, at: 16)) * 32, at: 32_768)
        return stride(from: 0, to: bytes.count, by: 32).map { offset in
            Event(
                data: bytes[offset..<offset + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) },
                errno: Int32(bytes[offset + 8]), kind: bytes[offset + 10])
        }
    }
}

@Suite("WASI: waiting", .timeLimit(.minutes(2)))
struct WASIPollTests {
    @Test("The event that comes first ends a poll")
    func events() async throws {
        try await withPluginHost { host in
            let log = AirlockCapabilities.Logging(to: RecordedLog().logger())
            let guest = try await WASIGuest(host, WASI(clock: Clock(), log: log))
            let hour: UInt64 = 3_600_000_000_000
            #expect(try await guest.poll([sleep(7, 1_000_000)]) == [Event(data: 7)])
            #expect(try await guest.poll([sleep(1, hour), sleep(2, 1_000_000)]) == [Event(data: 2)])
            #expect(try await guest.poll([sleep(1, hour), sleep(2, 0)]) == [Event(data: 2)])
            // Moments that have passed.
            #expect(try await guest.poll([sleep(3, 1, isAbsolute: true)]) == [Event(data: 3)])
            #expect(try await guest.poll([sleep(4, clock: 0, 1, isAbsolute: true)]) == [Event(data: 4)])
            #expect(try await guest.call("clock_time_get", 1, 1, 16) == 0)
            let soon = try await guest.peek(UInt64.self, at: 16) + 2_000_000
            #expect(try await guest.poll([sleep(5, soon, isAbsolute: true)]) == [Event(data: 5)])
            #expect(try await guest.call("clock_time_get", 1, 1, 16) == 0)
            #expect(try await guest.peek(UInt64.self, at: 16) >= soon)
            // Descriptors are ready at once, and those that are none say so.
            #expect(
                try await guest.poll([
                    sleep(1, hour), readiness(2, 0), readiness(3, 1, writing: true), readiness(4, 9), readiness(5, 1),
                ]) == [
                    Event(data: 2, kind: 1), Event(data: 3, kind: 2), Event(data: 4, errno: Errno.badf, kind: 1),
                    Event(data: 5, errno: Errno.notcapable, kind: 1),
                ])
            #expect(try await guest.poll([sleep(1, clock: 2, 5)]) == [Event(data: 1, errno: Errno.notsup)])
        }
    }

    @Test("Without a clock a guest cannot sleep, and hears why")
    func withoutClock() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, WASI())
            #expect(try await guest.poll([sleep(1, .max)]) == [Event(data: 1, errno: Errno.notcapable)])
        }
    }

    @Test("Polls of nothing, of too much and of what does not exist are refused")
    func refused() async throws {
        try await withPluginHost { host in
            let guest = try await WASIGuest(host, WASI(clock: Clock()))
            for count: UInt64 in [0, 257, 0x5555_5556, 0xFFFF_FFFF] {
                #expect(try await guest.call("poll_oneoff", 4096, 32_768, count, 16) == Errno.inval)
            }
            try await guest.poke(littleEndian(UInt64(1)) + [3], at: 4096)
            #expect(try await guest.call("poll_oneoff", 4096, 32_768, 1, 16) == Errno.inval)
            #expect(try await guest.call("poll_oneoff", 4096, 131_072 - 31, 1, 16) == Errno.fault)
            #expect(try await guest.call("poll_oneoff", 131_072 - 47, 4096, 1, 16) == Errno.fault)
            // The list of events may lie on that of the subscriptions.
            try await guest.poke(sleep(9, 0) + sleep(8, 0), at: 4096)
            #expect(try await guest.call("poll_oneoff", 4096, 4096, 2, 16) == 0)
            #expect(try await guest.peek(UInt64.self, at: 4096 + 32) == 8)
        }
    }

    @Test("A hundred guests that sleep share one worker loop, which serves others, and each can be woken")
    func manySleepers() async throws {
        try await withPluginHost { host in
            let (arrivals, arrived) = AsyncStream<Void>.makeStream()
            let plugin = try await host.loadSuspendable(
                .wat(sleeper), granting: [WASI(clock: Clock()), Arrivals(arrived: arrived)],
                limits: PluginLimits(deadline: .seconds(7200)))
            let sleep = try plugin.function("sleep", taking: Int64.self, returning: Int32.self)
            let sleepers = (0..<100).map { _ in Task { try await plugin.call(sleep, 3_600_000_000_000).value } }
            var iterator = arrivals.makeAsyncIterator()
            for _ in 0..<100 { await iterator.next() }
            // None of them can have ended, so all are in flight; and the loop has time for another call.
            #expect(try await plugin.call(sleep, 1000).value == 0)
            for sleeper in sleepers { sleeper.cancel() }
            for sleeper in sleepers {
                let error = await #expect(throws: PluginError.self) { try await sleeper.value }
                #expect(error?.code == .cancelled)
            }
            try await withThrowingTaskGroup(of: Int32.self) { group in
                for _ in 0..<100 { group.addTask { try await plugin.call(sleep, 5_000_000).value } }
                for try await errno in group { #expect(errno == 0) }
            }
        }
    }

    @Test("The deadline ends a sleep, and so does the end of the plugin")
    func stoppedSleep() async throws {
        try await withPluginHost { host in
            let (_, arrived) = AsyncStream<Void>.makeStream()
            let grants: [any Capability] = [WASI(clock: Clock()), Arrivals(arrived: arrived)]
            let hasty = try await host.loadSuspendable(
                .wat(sleeper), granting: grants, limits: PluginLimits(deadline: .milliseconds(50)))
            let nap = try hasty.function("sleep", taking: Int64.self, returning: Int32.self)
            for nanoseconds: Int64 in [3_600_000_000_000, .max, -1] {
                let error = await #expect(throws: PluginError.self) { try await hasty.call(nap, nanoseconds) }
                #expect(error?.code == .deadline)
            }
            // On a busy machine the deadline may have come before the guest did.
            let (patientArrivals, patientArrived) = AsyncStream<Void>.makeStream()
            let patient = try await host.loadSuspendable(
                .wat(sleeper), granting: [WASI(clock: Clock()), Arrivals(arrived: patientArrived)],
                limits: PluginLimits(deadline: .seconds(7200)))
            let sleep = try patient.function("sleep", taking: Int64.self, returning: Int32.self)
            let sleeping = Task { try await patient.call(sleep, 3_600_000_000_000).value }
            var iterator = patientArrivals.makeAsyncIterator()
            await iterator.next()
            await patient.unload()
            let error = await #expect(throws: PluginError.self) { try await sleeping.value }
            #expect(error?.code == .stopped)
        }
    }
}

/// Tells a test that a guest has come so far.
private struct Arrivals: Capability {
    static let id: CapabilityID = "test:arrivals"
    let arrived: AsyncStream<Void>.Continuation

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("arrive") { (arrivals, _) throws(HostError) -> Void in arrivals.arrived.yield() }
    }
}

/// Says that it is there, and sleeps.
private let sleeper = #"""
    (module
      (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
      (import "test" "arrive" (func $arrive))
      (memory (export "memory") 1)
      (func (export "sleep") (param i64) (result i32)
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (local.get 0))
        call $arrive
        (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))
    """#
