import Testing
import Wasmtime

@Suite("Linking")
struct LinkingTests {
    let engine: Engine

    init() throws {
        engine = try Engine()
    }

    @Test("One error lists everything that is missing or has another type, with both types")
    func missing() throws {
        let linker = Linker<Recorder>(engine: engine)
        try linker.define("env", "good") { (_, _: Int32) in }
        try linker.define("env", "narrow") { (_, _: Int32) -> Int32 in 0 }
        let module = try Module(
            engine: engine,
            wat: """
                (module
                  (import "env" "good" (func (param i32)))
                  (import "env" "narrow" (func (param i64) (result i32)))
                  (import "env" "absent" (func (param f32)))
                  (import "wasi" "memory" (memory 1))
                  (import "env" "good" (global i32)))
                """)
        let error = failure { () throws(WasmtimeError) in _ = try linker.prelink(module) }
        #expect(error?.code == .missingImports)
        let message = error?.message ?? ""
        #expect(message.contains("env.narrow is imported as function (i64) -> (i32)"))
        #expect(message.contains("but defined as function (i32) -> (i32)"))
        #expect(message.contains("env.absent is missing (function (f32) -> ())"))
        #expect(message.contains("wasi.memory is missing (memory of 1"))
        #expect(message.contains("env.good is imported as constant global of i32"))
        #expect(!message.contains("env.good is missing"))
    }

    @Test("A name is defined once")
    func twice() throws {
        let linker = Linker<Recorder>(engine: engine)
        try linker.define("env", "f") { (_) in }
        let error = failure { () throws(WasmtimeError) in try linker.define("env", "f") { (_, _: Int32) in } }
        #expect(error?.code == .invalidDefinition)
        try linker.define("other", "f") { (_) in }
    }

    @Test("Host functions over references are refused")
    func references() throws {
        let linker = Linker<Recorder>(engine: engine)
        for type in [ValueType.funcref, .externref, .reference(ReferenceType(isNullable: true, heapType: .any))] {
            let error = failure { () throws(WasmtimeError) in
                // Safe: the function is refused, and touches no slot.
                try unsafe linker.defineRaw("env", "f", type: FunctionType(parameters: [type], results: [])) { _, _ in }
            }
            #expect(error?.code == .invalidDefinition)
        }
        // A refused name is free.
        try linker.define("env", "f") { (_) in }
    }

    @Test("Names may hold any text")
    func names() throws {
        let (store, instance) = try makeGuest(
            #"(module (import "" "ünïcode 🚀" (func $f)) (func (export "a b") call $f))"#, engine: engine
        ) { linker in
            try linker.define("", "ünïcode 🚀") { (caller) in caller.host.values.append(1) }
        }
        try instance.function("a b")()
        #expect(store.host.values == [1])
    }

    @Test("Modules, linkers and stores of different engines do not mix")
    func engines() throws {
        let other = try Engine()
        let linker = Linker<Recorder>(engine: engine)
        let foreign = try Module(engine: other, wat: "(module)")
        #expect(failure { () throws(WasmtimeError) in _ = try linker.prelink(foreign) }?.code == .wrongStore)
        let prelinked = try linker.prelink(Module(engine: engine, wat: "(module)"))
        let store = Store(engine: other, host: Recorder())
        #expect(failure { () throws(WasmtimeError) in _ = try store.instantiate(prelinked) }?.code == .wrongStore)
    }

    @Test("A pre-linked module makes instances on several threads at once")
    func threads() async throws {
        let linker = Linker<Recorder>(engine: engine)
        try linker.define("env", "twice") { (_, value: Int32) -> Int32 in value * 2 }
        let prelinked = try linker.prelink(
            Module(
                engine: engine,
                wat: """
                    (module (import "env" "twice" (func $twice (param i32) (result i32)))
                      (func (export "f") (param i32) (result i32) (call $twice (local.get 0))))
                    """))
        let engine = engine
        try await withThrowingTaskGroup(of: Int32.self) { group in
            for number in 0..<64 as Range<Int32> {
                group.addTask {
                    let store = Store(engine: engine, host: Recorder())
                    let instance = try store.instantiate(prelinked)
                    return try instance.function("f", taking: Int32.self, returning: Int32.self)(number)
                }
            }
            var sum: Int32 = 0
            for try await result in group {
                sum += result
            }
            #expect(sum == 64 * 63)
        }
    }
}
