import Testing
import Wasmtime

@Suite("Module")
struct ModuleTests {
    let engine: Engine

    init() throws {
        engine = try Engine()
    }

    @Test("Bytes that are not a module are refused")
    func garbage() throws {
        let inputs: [[UInt8]] = [[], [0], Array("not a module".utf8), [0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]]
        for bytes in inputs {
            let error = failure { () throws(WasmtimeError) in _ = try Module(engine: engine, bytes: bytes) }
            #expect(error?.code == .invalidModule)
            #expect(failure { () throws(WasmtimeError) in try Module.validate(bytes, engine: engine) } != nil)
        }
    }

    @Test("A module that was cut off anywhere is refused, or is a shorter module")
    func truncated() throws {
        let bytes = try Module.binary(
            ofWAT: """
                (module (memory (export "m") 1) (data (i32.const 0) "abc")
                  (func (export "f") (result i32) i32.const 7))
                """)
        try Module.validate(bytes, engine: engine)
        var refused = 0
        for count in 0..<bytes.count {
            let error = failure { () throws(WasmtimeError) in
                _ = try Module(engine: engine, bytes: Array(bytes.prefix(count)))
            }
            if let error {
                #expect(error.code == .invalidModule)
                refused += 1
            }
        }
        #expect(refused > bytes.count / 2)
    }

    @Test("A module with one changed byte is refused or compiles, and never ends the process")
    func changedBytes() throws {
        let bytes = try Module.binary(
            ofWAT: #"(module (memory (export "m") 1) (func (export "f") (param i32) (result i32) local.get 0))"#)
        for index in bytes.indices {
            for value in [0, 1, 0x7b, 0x7f, 0x80, 0xff] as [UInt8] {
                var changed = bytes
                changed[index] = value
                _ = failure { () throws(WasmtimeError) in
                    let module = try Module(engine: engine, bytes: changed)
                    _ = module.imports.map(\.type.description) + module.exports.map(\.type.description)
                }
            }
        }
    }

    @Test("Text that does not parse is refused with the place")
    func badText() {
        let error = failure { () throws(WasmtimeError) in _ = try Module(engine: engine, wat: "(module (func $f") }
        #expect(error?.code == .invalidModule)
        #expect(error?.message.contains("1:") == true)
    }

    @Test("Imports and exports are listed with their types, also those that the host cannot pass")
    func types() throws {
        let features = WasmFeatures.standard.union([.memory64, .multiMemory, .garbageCollection])
        let engine = try Engine(EngineConfiguration(features: features))
        let module = try Module(
            engine: engine,
            wat: """
                (module
                  (type $t (func (param i32)))
                  (import "a" "f" (func (param i32 i64 f32 f64 v128) (result funcref externref)))
                  (import "a" "m" (memory 1 3))
                  (import "a" "g" (global (mut i64)))
                  (import "a" "t" (table i64 5 8589934592 funcref))
                  (import "a" "e" (tag (param i32)))
                  (import "a" "r" (func (param (ref $t)) (param (ref null noextern)) (param exnref)))
                  (memory (export "memory") i64 2)
                  (global (export "c") f32 (f32.const 1))
                  (func (export "") (result i32) i32.const 1))
                """)
        func reference(_ heapType: ReferenceType.HeapType, isNullable: Bool = true) -> ValueType {
            .reference(ReferenceType(isNullable: isNullable, heapType: heapType))
        }
        #expect(module.imports.map(\.module) == Array(repeating: "a", count: 6))
        #expect(module.imports.map(\.name) == ["f", "m", "g", "t", "e", "r"])
        let types = module.imports.map(\.type)
        #expect(
            types[0]
                == .function(
                    FunctionType(parameters: [.i32, .i64, .f32, .f64, .v128], results: [.funcref, .externref])))
        guard case .memory(let memory) = types[1] else {
            Issue.record("not a memory: \(types[1])")
            return
        }
        #expect(memory.minimum == 1 && memory.maximum == 3 && memory.pageSize == 65_536 && !memory.is64Bit)
        #expect(types[2].description == "mutable global of i64")
        #expect(types[3].description == "table of funcref")
        #expect(types[4] == .tag(FunctionType(parameters: [.i32], results: [])))
        #expect(
            types[5]
                == .function(
                    FunctionType(
                        parameters: [
                            reference(.definedFunction, isNullable: false), reference(.noExternal),
                            reference(.exception),
                        ], results: [])))
        #expect(module.exports.map(\.name) == ["memory", "c", ""])
        guard case .memory(let wide) = module.exports[0].type else {
            Issue.record("not a memory: \(module.exports[0])")
            return
        }
        #expect(wide.is64Bit && wide.minimum == 2 && wide.maximum == nil)
        #expect(module.exports[2].type.description == "function () -> (i32)")
    }

    @Test("A serialised module runs after it was read back")
    func serialised() throws {
        let bytes = try Module(engine: engine, wat: #"(module (func (export "f") (result i32) i32.const 7))"#)
            .serialized()
        // Safe: the bytes come from this very test.
        let module = try unsafe Module(engine: engine, unsafelyDeserializing: bytes)
        let store = Store(engine: engine, host: Recorder())
        let instance = try store.instantiate(Linker(engine: engine).prelink(module))
        #expect(try instance.function("f", returning: Int32.self)() == 7)
    }

    @Test("Bytes that are no serialised module, or one of other settings, are refused")
    func foreignArtifact() throws {
        let other = try Engine(EngineConfiguration(fuel: true))
        let bytes = try Module(engine: other, wat: "(module)").serialized()
        for artifact in [bytes, [], [1, 2, 3], Array(bytes.prefix(100))] {
            let error = failure { () throws(WasmtimeError) in
                // Safe: none of them gets as far as to run.
                _ = try unsafe Module(engine: engine, unsafelyDeserializing: artifact)
            }
            #expect(error?.code == .invalidArtifact)
        }
    }
}
