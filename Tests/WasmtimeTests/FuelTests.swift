import Testing
import Wasmtime

@Suite("Fuel")
struct FuelTests {
    static let loop = """
        (module (func (export "sum") (param i32) (result i32) (local i32)
            (loop $again
                (local.set 1 (i32.add (local.get 1) (local.get 0)))
                (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            local.get 1)
          (func (export "forever") (loop $again br $again)))
        """

    @Test("A guest consumes fuel, and what is left can be read")
    func consumed() throws {
        let (store, instance) = try makeGuest(Self.loop, engine: Engine(EngineConfiguration(fuel: true)))
        let sum = try instance.function("sum", taking: Int32.self, returning: Int32.self)
        try store.setFuel(100_000)
        #expect(try sum(100) == 5_050)
        let short = 100_000 - (try store.remainingFuel)
        try store.setFuel(100_000)
        #expect(try sum(1_000) == 500_500)
        let long = 100_000 - (try store.remainingFuel)
        #expect(short > 100 && long > 9 * short && long < 11 * short)
    }

    @Test("A guest that runs out of fuel traps, and goes on when it gets more")
    func exhausted() throws {
        let (store, instance) = try makeGuest(Self.loop, engine: Engine(EngineConfiguration(fuel: true)))
        let forever = try instance.function("forever")
        try store.setFuel(10_000)
        let error = failure { () throws(WasmtimeError) in try forever() }
        #expect(error?.code == .trap && error?.trap?.code == .outOfFuel)
        #expect(try store.remainingFuel == 0)
        try store.setFuel(100_000)
        let sum = try instance.function("sum", taking: Int32.self, returning: Int32.self)
        #expect(try sum(10) == 55)
    }

    @Test("Without fuel a guest traps at once, in its start function too")
    func none() throws {
        let engine = try Engine(EngineConfiguration(fuel: true))
        let module = try Module(engine: engine, wat: "(module (func $f) (start $f))")
        let store = Store(engine: engine, host: Recorder())
        let prelinked = try Linker<Recorder>(engine: engine).prelink(module)
        let error = failure { () throws(WasmtimeError) in _ = try store.instantiate(prelinked) }
        #expect(error?.trap?.code == .outOfFuel)
    }

    @Test("Fuel on an engine without fuel is an error")
    func disabled() throws {
        let (store, _) = try makeGuest("(module)", engine: Engine())
        #expect(failure { () throws(WasmtimeError) in try store.setFuel(1) }?.code == .disabled)
        #expect(failure { () throws(WasmtimeError) in _ = try store.remainingFuel }?.code == .disabled)
    }

    @Test("A host function reads and sets the fuel of its caller")
    func hostFunction() throws {
        let engine = try Engine(EngineConfiguration(fuel: true))
        let linker = Linker<Recorder>(engine: engine)
        try linker.define("env", "top-up") { (caller) in
            caller.host.values.append(Int64(try caller.remainingFuel))
            try caller.setFuel(1_000)
        }
        let module = try Module(
            engine: engine,
            wat: #"(module (import "env" "top-up" (func $f)) (func (export "g") call $f (loop $again br $again)))"#)
        let store = Store(engine: engine, host: Recorder())
        try store.setFuel(50)
        let instance = try store.instantiate(linker.prelink(module))
        let error = failure { () throws(WasmtimeError) in try instance.function("g")() }
        #expect(error?.trap?.code == .outOfFuel)
        #expect(store.host.values.count == 1 && store.host.values[0] < 50)
    }
}
