import TestSupport
import Testing
import Wasmtime

@Suite("Asynchronous calls")
struct AsyncCallTests {
    static let text = """
        (module
          (import "env" "twice" (func $twice (param i32) (result i32)))
          (import "env" "wait" (func $wait))
          (memory (export "memory") 1)
          (func (export "quadruple") (param i32) (result i32) local.get 0 call $twice call $twice)
          (func (export "wait") call $wait)
          (func (export "add") (param i32 i64) (result i64) (i64.add (i64.extend_i32_s (local.get 0)) (local.get 1)))
          (func (export "trap") call $wait unreachable))
        """

    static func prelinked(_ engine: Engine, wait: Gate = Gate(isOpen: true)) throws -> AsyncPrelinkedModule<Recorder> {
        let linker = AsyncLinker<Recorder>(engine: engine)
        try linker.defineAsync("env", "twice") { (value: Int32) async throws -> Int32 in
            await Task.yield()
            return value * 2
        }
        try linker.defineAsync("env", "wait") { () async throws -> Void in try await wait.pass() }
        return try linker.prelink(Module(engine: engine, wat: text))
    }

    @Test("A guest waits for host functions and goes on with their results")
    func results() async throws {
        let engine = try Engine()
        let store = AsyncStore(engine: engine, host: Recorder())
        let instance = try await store.instantiate(Self.prelinked(engine))
        let quadruple = try instance.function("quadruple", taking: Int32.self, returning: Int32.self)
        for number in 0..<100 as Range<Int32> {
            #expect(try await quadruple(number) == 4 * number)
        }
        let add = try instance.function("add", taking: Int32.self, Int64.self, returning: Int64.self)
        #expect(try await add(-1, 1 << 40) == (1 << 40) - 1)
        try await instance.function("wait")()
        let raw = try #require(try instance.rawFunction("add"))
        #expect(try await raw.call([RawValue(Int32(2)), RawValue(Int64(3))])[0].as(Int64.self) == 5)
    }

    @Test("Thousands of calls wait on one actor, and all end")
    func inFlight() async throws {
        let count = 2_000
        let engine = try Engine(EngineConfiguration(maxWasmStack: 64 << 10, asyncStackSize: 320 << 10))
        let gate = Gate()
        let module = try Self.prelinked(engine, wait: gate)
        let owner = Owner(engine: engine, module: module)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask { try await owner.wait() }
            }
            await gate.arrivals(count)
            gate.open()
            try await group.waitForAll()
        }
        #expect(await owner.finished == count)
    }

    @Test("A store runs one call at a time")
    func busy() async throws {
        let engine = try Engine()
        let gate = Gate()
        let owner = Owner(engine: engine, module: try Self.prelinked(engine, wait: gate))
        try await owner.makeStore()
        async let first: Void = owner.waitInStore()
        await gate.arrivals(1)
        await #expect(throws: WasmtimeError.self) { try await owner.waitInStore() }
        gate.open()
        try await first
        try await owner.waitInStore()
    }

    @Test("A trap after a wait has its code and backtrace")
    func trap() async throws {
        let engine = try Engine()
        let store = AsyncStore(engine: engine, host: Recorder())
        let instance = try await store.instantiate(Self.prelinked(engine))
        let trap = try instance.function("trap")
        let error = await #expect(throws: WasmtimeError.self) { try await trap() }
        #expect(error?.trap?.code == .unreachable && error?.trap?.backtrace.count == 1)
    }

    @Test("Fuel runs out in an asynchronous call")
    func fuel() async throws {
        let engine = try Engine(EngineConfiguration(fuel: true))
        let module = try Module(engine: engine, wat: #"(module (func (export "f") (loop $again br $again)))"#)
        let store = AsyncStore(engine: engine, host: Recorder())
        try store.setFuel(1_000)
        let instance = try await store.instantiate(AsyncLinker(engine: engine).prelink(module))
        let forever = try instance.function("f")
        let error = await #expect(throws: WasmtimeError.self) { try await forever() }
        #expect(error?.trap?.code == .outOfFuel)
        #expect(try store.remainingFuel == 0)
    }

    @Test("A start function may wait, and its trap ends the instantiation")
    func start() async throws {
        let engine = try Engine()
        let linker = AsyncLinker<Recorder>(engine: engine)
        try linker.defineAsync("env", "wait") { () async throws -> Void in await Task.yield() }
        let good = try linker.prelink(
            Module(engine: engine, wat: #"(module (import "env" "wait" (func $w)) (start $w))"#))
        let store = AsyncStore(engine: engine, host: Recorder())
        _ = try await store.instantiate(good)
        let bad = try linker.prelink(
            Module(
                engine: engine,
                wat: #"(module (import "env" "wait" (func $w)) (func $s call $w unreachable) (start $s))"#))
        let error = await #expect(throws: WasmtimeError.self) { _ = try await store.instantiate(bad) }
        #expect(error?.trap?.code == .unreachable)
        store.setLimits(StoreLimits(instances: 2))
        let refused = await #expect(throws: WasmtimeError.self) { _ = try await store.instantiate(good) }
        #expect(refused?.code == .instantiation)
    }

    @Test("Endless recursion on an asynchronous stack is a trap")
    func stackOverflow() async throws {
        let engine = try Engine()
        let module = try Module(
            engine: engine,
            wat: "(module (func $f (export \"f\") (param i64) (call $f (local.get 0)) (call $f (local.get 0))))")
        let store = AsyncStore(engine: engine, host: Recorder())
        let instance = try await store.instantiate(AsyncLinker(engine: engine).prelink(module))
        let function = try instance.function("f", taking: Int64.self)
        let error = await #expect(throws: WasmtimeError.self) { try await function(1) }
        #expect(error?.trap?.code == .stackOverflow)
    }
}

/// Owns stores on one executor, as a service does.
private actor Owner {
    private let engine: Engine
    private let module: AsyncPrelinkedModule<Recorder>
    private var instance: AsyncInstance?
    private(set) var finished = 0

    init(engine: Engine, module: AsyncPrelinkedModule<Recorder>) {
        self.engine = engine
        self.module = module
    }

    /// A call in a store of its own.
    func wait() async throws {
        let store = AsyncStore(engine: engine, host: Recorder())
        let instance = try await store.instantiate(module)
        try await instance.function("wait")()
        finished += 1
    }

    func makeStore() async throws {
        instance = try await AsyncStore(engine: engine, host: Recorder()).instantiate(module)
    }

    func waitInStore() async throws {
        try await instance?.function("wait")()
    }
}
