import Airlock
import AirlockTesting
import Testing
import WorkerLoop

@Suite("Resident instances")
struct ResidentInstanceTests {
    @Test("It keeps its state between events, and each event has an account of its own")
    func events() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(resident), granting: [Notes()])
            let version = try #require(plugin.currentVersion)
            let owner = Owner(loop: host.loops[0])
            try await owner.start(version)
            #expect(try await owner.send("note", 5) == 5)
            #expect(try await owner.send("note", 6) == 11)
            #expect(await owner.notes == [5, 6])
            #expect(await owner.totals?.calls == 2)
            #expect(await owner.totals?.hostCalls == 2)
        }
    }

    @Test("Each event has its own fuel: many small events may use more together than one may")
    func fuelPerEvent() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(resident), granting: [Notes()], limits: PluginLimits(fuel: 100))
            let owner = Owner(loop: host.loops[0])
            try await owner.start(try #require(plugin.currentVersion))
            for _ in 0..<100 { _ = try await owner.send("note", 1) }
            #expect(try #require(await owner.totals).fuelUsed > 100)
        }
    }

    @Test("After a trap it is dead and says so")
    func death() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(resident), granting: [Notes()])
            let owner = Owner(loop: host.loops[0])
            try await owner.start(try #require(plugin.currentVersion))
            let trap = await #expect(throws: PluginError.self) { try await owner.send("trap", 0) }
            #expect(trap?.code == .trap)
            #expect(trap?.report != nil)
            #expect(await owner.isDead)
            let later = await #expect(throws: PluginError.self) { try await owner.send("note", 1) }
            #expect(later?.code == .unavailable)
        }
    }

    @Test("Limits can be set for the next events")
    func changedLimits() async throws {
        try await withPluginHost { host in
            let plugin = try await host.load(.wat(resident), granting: [Notes()])
            let owner = Owner(loop: host.loops[0])
            try await owner.start(try #require(plugin.currentVersion))
            await owner.setLimits(PluginLimits(fuel: 1000))
            let error = await #expect(throws: PluginError.self) { try await owner.send("spin", 1) }
            #expect(error?.code == .fuel)
            #expect(error?.limit == 1000)
        }
    }

    @Test("A function that is not exported is nil, one of another type is an error with both types")
    func lookup() async throws {
        try await withPluginHost { host in
            let version = try #require(try await host.load(.wat(resident), granting: [Notes()]).currentVersion)
            #expect(try version.function("absent", taking: Int32.self) == nil)
            let error = try #require(throws: PluginError.self) { _ = try version.function("note", taking: Int64.self) }
            #expect(error.code == .signatureMismatch)
        }
    }
}

private actor Owner {
    private let loop: WorkerLoop
    private let recorder = Recorder()
    private var instance: ResidentInstance?

    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(loop: WorkerLoop) {
        self.loop = loop
    }

    var notes: [Int32] { recorder.notes }
    var totals: CallTotals? { instance?.totals }
    var isDead: Bool { instance?.isDead ?? false }

    func start(_ version: PluginVersion) throws {
        instance = try ResidentInstance(version, attachment: recorder)
    }

    func setLimits(_ limits: PluginLimits) {
        instance?.limits = limits
    }

    func send(_ export: String, _ value: Int32) throws -> Int32? {
        guard let instance,
            let function = try instance.version.function(export, taking: Int32.self, returning: Int32.self)
        else {
            return nil
        }
        return try instance.call(function, value).value
    }
}

private final class Recorder {
    var notes: [Int32] = []
}

private struct Notes: Capability {
    static let id: CapabilityID = "test:notes"

    static let functions = HostFunctions<Self>(module: "notes") {
        HostFunction("note") { (_, call, value: Int32) throws(HostError) -> Void in
            call.attachment(as: Recorder.self)?.notes.append(value)
        }
    }
}

private let resident = #"""
    (module
      (import "notes" "note" (func $note (param i32)))
      (memory (export "memory") 1)
      (global $sum (mut i32) (i32.const 0))
      (func (export "note") (param i32) (result i32)
        local.get 0 call $note
        global.get $sum local.get 0 i32.add global.set $sum global.get $sum)
      (func (export "spin") (param i32) (result i32) (loop br 0) unreachable)
      (func (export "trap") (param i32) (result i32) unreachable))
    """#
