import Testing
import Wasmtime

@Suite("Store limits")
struct LimitTests {
    @Test("A memory that reached its limit does not grow")
    func memory() throws {
        let (_, instance) = try makeGuest(
            """
            (module (memory (export "memory") 1)
                (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))
            """, engine: Engine(), limits: StoreLimits(memoryBytes: 3 * 65_536))
        let grow = try instance.function("grow", taking: Int32.self, returning: Int32.self)
        #expect(try grow(1) == 1)
        #expect(try grow(2) == -1)
        #expect(try grow(1) == 2)
        #expect(try grow(1) == -1)
        let memory = try #require(instance.memory("memory"))
        #expect(memory.byteCount == 3 * 65_536)
        #expect(failure { () throws(WasmtimeError) in try memory.grow(byPages: 1) }?.code == .growth)
        #expect(failure { () throws(WasmtimeError) in try memory.grow(byPages: .max) }?.code == .growth)
    }

    @Test("A table that reached its limit does not grow")
    func table() throws {
        let (_, instance) = try makeGuest(
            """
            (module (table (export "table") 2 funcref)
                (func (export "grow") (param i32) (result i32) ref.null func local.get 0 table.grow 0))
            """, engine: Engine(), limits: StoreLimits(tableElements: 10))
        let grow = try instance.function("grow", taking: Int32.self, returning: Int32.self)
        #expect(try grow(8) == 2)
        #expect(try grow(1) == -1)
        #expect(instance.tableSize("table") == 10)
    }

    static let refused: [(String, StoreLimits)] = [
        ("(module (memory 2))", StoreLimits(memoryBytes: 65_536)),
        ("(module (memory 2))", StoreLimits(memoryBytes: -5)),
        ("(module (memory 1))", StoreLimits(memories: 0)),
        ("(module (table 100 funcref))", StoreLimits(tableElements: 99)),
        ("(module (table 1 funcref) (table 1 funcref))", StoreLimits(tables: 1)),
        ("(module)", StoreLimits(instances: 0)),
    ]

    @Test("An instance that needs more than the limits is not created", arguments: refused)
    func notCreated(text: String, limits: StoreLimits) throws {
        let engine = try Engine()
        let error = #expect(throws: WasmtimeError.self) {
            try makeGuest(text, engine: engine, limits: limits)
        }
        #expect(error?.code == .instantiation)
    }

    @Test("A pool that has no free slot refuses the instance, and serves again when one is free")
    func pool() throws {
        let engine = try Engine(EngineConfiguration(allocation: .pooling(PoolingLimits(instances: 3, memories: 2))))
        let module = try Linker<Recorder>(engine: engine).prelink(Module(engine: engine, wat: "(module (memory 1))"))
        var stores = (0..<3).map { _ in Store(engine: engine, host: Recorder()) }
        _ = try stores[0].instantiate(module)
        _ = try stores[1].instantiate(module)
        let error = failure { () throws(WasmtimeError) in _ = try stores[2].instantiate(module) }
        #expect(error?.code == .instantiation)
        stores.removeFirst()
        _ = try stores[1].instantiate(module)
    }

    @Test("A slot of a pool comes back zeroed")
    func zeroed() throws {
        let limits = PoolingLimits(instances: 1, memories: 1, memoryKeepResident: 1 << 20)
        let engine = try Engine(EngineConfiguration(allocation: .pooling(limits)))
        for _ in 0..<3 {
            let (_, instance) = try makeGuest(#"(module (memory (export "memory") 1))"#, engine: engine)
            let memory = try #require(instance.memory("memory"))
            #expect(try memory.read(at: 0, count: 65_536).allSatisfy { $0 == 0 })
            try memory.write([UInt8](repeating: 7, count: 65_536), at: 0)
        }
    }

    @Test("A module whose memory does not fit into the pool is refused when it is compiled")
    func tooLargeForPool() throws {
        let engine = try Engine(EngineConfiguration(allocation: .pooling(PoolingLimits(memoryBytes: 65_536))))
        let error = failure { () throws(WasmtimeError) in _ = try Module(engine: engine, wat: "(module (memory 2))") }
        #expect(error?.code == .invalidModule)
    }
}
