import Airlock
import AirlockTesting
import Synchronization
import Testing
import Wasmtime

@Suite("Hostile: one plugin in many hands", .hostile)
struct SharingTests {
    @Test(
        "Calls of one plugin from many tasks on two worker loops do not disturb each other", arguments: [false, true])
    func manyTasks(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            // A repetition makes 32 calls, of which every fourth traps.
            try await withstand(repetitions: 100, spareInstances: 16, .hostile(workers: 2)) { host in
                let caller = try await Caller(.wat(stashing), isSuspendable, on: host)
                let stash = try caller.function("stash", taking: Int32.self, returning: Int32.self)
                return {
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for number in Int32(0)..<32 {
                            group.addTask {
                                if number % 4 == 0 {
                                    let error = try await failure(.trap) { try await caller.call(stash, -1) }
                                    try #require(error.trap?.code == .unreachable)
                                } else {
                                    try #require(try await caller.call(stash, number).value == number)
                                }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        }
    }

    @Test("A session that is used while another call runs on the same loop gets its own turn")
    func sessions() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 200) { host in
                let plugin = try await host.load(.wat(stashing), name: "hostile", limits: .patient)
                let stash = try plugin.function("stash", taking: Int32.self, returning: Int32.self)
                return {
                    async let other = plugin.call(stash, 9)
                    let session = try await plugin.withSession { (session) throws(PluginError) in
                        let first = try session.call(stash, 5)
                        try session.write([1, 2, 3], at: 65_533)
                        return first
                    }
                    try #require(session.value == 5)
                    try #require(try await other.value == 9)
                    for range in [(UInt32(65_535), UInt32(2)), (.max, 1), (0, .max)] {
                        _ = try await failure(.badArgument) {
                            _ = try await plugin.withSession { (session) throws(PluginError) in
                                _ = try session.bytes(of: GuestBytes(offset: range.0, count: range.1))
                            }
                        }
                    }
                    _ = try await failure(.badArgument) {
                        _ = try await plugin.withSession { (session) throws(PluginError) in
                            try session.write([1, 2], at: .max)
                        }
                    }
                }
            }
        }
    }

    @Test("A session goes on to fail after its first failure")
    func deadSession() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let plugin = try await host.load(.wat(stashing), name: "hostile", limits: .patient)
                let stash = try plugin.function("stash", taking: Int32.self, returning: Int32.self)
                return {
                    let codes = try await plugin.withSession { (session) throws(PluginError) in
                        var codes: [PluginError.Code] = []
                        for number: Int32 in [-1, 1, -1] {
                            do throws(PluginError) { _ = try session.call(stash, number) } catch {
                                codes.append(error.code)
                            }
                        }
                        return codes
                    }
                    try #require(codes.value == [.trap, .unavailable, .unavailable])
                }
            }
        }
    }

    @Test("Unloading ends calls that wait, and refuses later ones")
    func unloadWaiting() async {
        await #expect(processExitsWith: .success) {
            // A repetition loads a plugin.
            try await withstand(repetitions: 200) { host in
                let sleeping = Sleeping()
                return {
                    let plugin = try await host.loadSuspendable(
                        Sleeping.guest, name: "hostile", granting: [sleeping], limits: .patient)
                    let sleep = try plugin.function("sleep")
                    let calls = (0..<4).map { _ in Task { try await plugin.call(sleep) } }
                    for _ in 0..<4 { await sleeping.begun.next() }
                    await plugin.unload()
                    for call in calls { _ = try await failure(.stopped) { _ = try await call.value } }
                    _ = try await failure(.stopped) { try await plugin.call(sleep) }
                    _ = try await failure(.stopped) { _ = try await plugin.reload() }
                }
            }
        }
    }

    @Test("Unloading lets a call that runs to completion end, and others end or are refused")
    func unloadRunning() async {
        await #expect(processExitsWith: .success) {
            try await withstand(repetitions: 200, .hostile(workers: 2)) { host in
                {
                    let busy = Busy()
                    let plugin = try await host.load(
                        .wat(lingering), name: "hostile", granting: [busy], limits: .patient)
                    let (linger, stash) = (
                        try plugin.function("linger", returning: Int32.self),
                        try plugin.function("stash", taking: Int32.self, returning: Int32.self)
                    )
                    let running = Task { try await plugin.call(linger).value }
                    await busy.begun.next()
                    let calls = (0..<8).map { number in Task { try await plugin.call(stash, number).value } }
                    let unloading = Task { await plugin.unload() }
                    busy.state.mayEnd.store(true, ordering: .relaxed)
                    try #require(try await running.value == 7)
                    await unloading.value
                    _ = try await failure(.stopped) { _ = try await plugin.call(linger) }
                    for (number, call) in calls.enumerated() {
                        do {
                            try #require(try await call.value == Int32(number))
                        } catch let error as PluginError {
                            try #require(error.code == .stopped, "\(error)")
                        }
                    }
                }
            }
        }
    }
}

/// Holds the worker loop until it may end.
private struct Busy: Capability {
    static let id: CapabilityID = "test:busy"
    final class State: Sendable {
        let mayEnd = Atomic<Bool>(false)
    }
    let begun = Signal()
    let state = State()

    static let functions = HostFunctions<Self>(module: "test") {
        HostFunction("linger") { (busy, _) throws(HostError) -> Int32 in
            busy.begun.send()
            while !busy.state.mayEnd.load(ordering: .relaxed) {}
            return 7
        }
    }
}

private let lingering = #"""
    (module
      (import "test" "linger" (func $linger (result i32)))
      (func (export "linger") (result i32) call $linger)
      (func (export "stash") (param i32) (result i32) local.get 0))
    """#

private let stashing = #"""
    (module
      (memory (export "memory") 1)
      (func (export "stash") (param i32) (result i32) (local $n i32)
        (i32.store (i32.const 0) (local.get 0))
        (loop $more
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $n) (i32.const 500))))
        (if (i32.lt_s (local.get 0) (i32.const 0)) (then unreachable))
        (i32.load (i32.const 0))))
    """#
