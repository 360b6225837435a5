import Testing
import Wasmtime

@Suite("Epochs")
struct EpochTests {
    /// A guest that loops forever and moves the epoch once in each iteration, so that no test needs a clock.
    static let loop = """
        (module (import "env" "tick" (func $tick)) (func (export "forever") (loop $again call $tick br $again)))
        """

    static func guest(_ engine: Engine) throws -> (store: Store<Recorder>, instance: Instance) {
        try makeGuest(loop, engine: engine) { linker in
            try linker.define("env", "tick") { (caller) in
                caller.host.values.append(1)
                engine.incrementEpoch()
            }
        }
    }

    @Test("A guest is interrupted when its deadline has come", arguments: [1, 2, 100])
    func deadline(ticks: Int) throws {
        let (store, instance) = try Self.guest(Engine(EngineConfiguration(epochs: true)))
        store.setEpochDeadline(ticks: UInt64(ticks))
        let forever = try instance.function("forever")
        let error = failure { () throws(WasmtimeError) in try forever() }
        #expect(error?.code == .trap && error?.trap?.code == .interrupt)
        #expect(store.host.values.count == ticks)
        store.setEpochDeadline(ticks: 5)
        #expect(failure { () throws(WasmtimeError) in try forever() }?.trap?.code == .interrupt)
        #expect(store.host.values.count == ticks + 5)
    }

    @Test("A guest without a deadline is interrupted at once, in its start function too")
    func none() throws {
        let engine = try Engine(EngineConfiguration(epochs: true))
        let error = #expect(throws: WasmtimeError.self) {
            try makeGuest("(module (func $f (loop $again br $again)) (start $f))", engine: engine)
        }
        #expect(error?.trap?.code == .interrupt)
    }

    @Test("A deadline that is never does not wrap around")
    func never() throws {
        let engine = try Engine(EngineConfiguration(epochs: true))
        engine.incrementEpoch()
        let (store, instance) = try makeGuest(#"(module (func (export "f")))"#, engine: engine)
        store.setEpochDeadline(ticks: .max)
        try instance.function("f")()
    }

    @Test("An epoch that another thread moves interrupts a guest that only computes")
    func otherThread() async throws {
        let engine = try Engine(EngineConfiguration(epochs: true))
        let ticker = Task.detached {
            while !Task.isCancelled {
                engine.incrementEpoch()
                await Task.yield()
            }
        }
        let (store, instance) = try makeGuest(
            #"(module (func (export "f") (loop $again br $again)))"#, engine: engine)
        store.setEpochDeadline(ticks: 1_000)
        let function = try instance.function("f")
        #expect(failure { () throws(WasmtimeError) in try function() }?.trap?.code == .interrupt)
        ticker.cancel()
    }

    @Test("A check at each tick lets the guest go on until it has a reason to stop it", arguments: [1, 2, 50])
    func check(ticks: Int) throws {
        let (store, instance) = try Self.guest(Engine(EngineConfiguration(epochs: true)))
        let reason = StopReason(rawValue: "enough")
        store.setEpochCheck { [host = store.host] in host.values.count >= ticks ? reason : nil }
        let forever = try instance.function("forever")
        let error = failure { () throws(WasmtimeError) in try forever() }
        #expect(error?.code == .cancelled)
        #expect(error?.stopReason == reason)
        #expect(error?.trap?.backtrace.isEmpty == false)
        #expect(store.host.values.count == ticks)
    }

    @Test("A check that stopped one call does not stop the next")
    func checkAgain() throws {
        let (store, instance) = try Self.guest(Engine(EngineConfiguration(epochs: true)))
        store.setEpochCheck { [host = store.host] in
            host.values.count.isMultiple(of: 10) ? StopReason(rawValue: "tens") : nil
        }
        let forever = try instance.function("forever")
        for round in 1...3 {
            store.setEpochDeadline(ticks: 1)
            #expect(failure { () throws(WasmtimeError) in try forever() }?.code == .cancelled)
            #expect(store.host.values.count == 10 * round)
        }
    }
}
