import Airlock
import AirlockTesting
import Synchronization
import Testing
import WorkerLoop

@Suite("Where suspendable calls run")
struct SuspendableIsolationTests {
    @Test("a suspendable guest runs on a worker loop of its host, before and after it waited")
    func loops() async throws {
        try await withPluginHost { host in
            let places = Places(loops: host.loops)
            let plugin = try await host.loadSuspendable(
                .wat(module), granting: [Whereabouts(places: places)], limits: PluginLimits(deadline: .seconds(60)))
            let visit = try plugin.function("visit")
            for _ in 0..<4 {
                _ = try await plugin.call(visit)
            }
            #expect(places.seen == [Bool](repeating: true, count: 8))
        }
    }
}

private let module = """
    (module
      (import "where" "note" (func $note))
      (import "where" "wait" (func $wait))
      (func (export "visit") (call $note) (call $wait) (call $note)))
    """

/// Whether the guest was on one of the loops, each time that it asked.
private final class Places: Sendable {
    private let loops: [WorkerLoop]
    private let notes = Mutex<[Bool]>([])

    init(loops: [WorkerLoop]) {
        self.loops = loops
    }

    var seen: [Bool] { notes.withLock { $0 } }

    func note() {
        let isOnLoop = loops.contains(where: \.isCurrent)
        notes.withLock { $0.append(isOnLoop) }
    }
}

private struct Whereabouts: Capability {
    static let id: CapabilityID = "test:whereabouts"
    let places: Places
    static let functions = HostFunctions<Self>(module: "where") {
        HostFunction("note") { (whereabouts, _) throws(HostError) in whereabouts.places.note() }
        HostFunction("wait") { (_, _: AsyncHostCall) async throws(HostError) in await Task.yield() }
    }
}
