import Testing
import Wasmtime

@Suite("Functions")
struct FunctionTests {
    let instance: Instance
    let store: Store<Recorder>

    init() throws {
        (store, instance) = try makeGuest(
            """
            (module
              (memory (export "memory") 1)
              (func (export "nothing"))
              (func (export "identity") (param i32) (result i32) local.get 0)
              (func (export "pair") (result i32 i64) i32.const 1 i64.const 2)
              (func (export "mixed") (param i32 i64 f32 i32 f64) (result f64)
                (f64.add (f64.convert_i32_u (local.get 0)) (f64.add (f64.convert_i64_s (local.get 1))
                  (f64.add (f64.promote_f32 (local.get 2)) (f64.add (f64.convert_i32_s (local.get 3)) (local.get 4))))))
              (func (export "reference") (param funcref))
              (func (export "vector") (param v128) (result v128) local.get 0))
            """, engine: Engine())
    }

    @Test("Arguments of mixed widths arrive in order")
    func mixed() throws {
        let mixed = try instance.function(
            "mixed", taking: UInt32.self, Int64.self, Float.self, Int32.self, Double.self, returning: Double.self)
        #expect(try mixed(.max, -1, 0.5, -2, 1e-3) == Double(UInt32.max) - 1 + (0.5 + (-2 + 1e-3)))
    }

    @Test("A function of another type is refused, and the error shows both types")
    func mismatch() {
        let errors: [WasmtimeError?] = [
            failure { () throws(WasmtimeError) in
                _ = try instance.function("identity", taking: Int64.self, returning: Int32.self)
            },
            failure { () throws(WasmtimeError) in _ = try instance.function("identity", taking: Int32.self) },
            failure { () throws(WasmtimeError) in _ = try instance.function("identity", returning: Int32.self) },
            failure { () throws(WasmtimeError) in
                _ = try instance.function("identity", taking: Int32.self, returning: Float.self)
            },
        ]
        for error in errors {
            #expect(error?.code == .signatureMismatch)
            #expect(error?.message.contains("(i32) -> (i32), expected") == true)
        }
    }

    @Test("A function with several results is refused by type, and called raw")
    func severalResults() throws {
        let error = failure { () throws(WasmtimeError) in _ = try instance.function("pair", returning: Int32.self) }
        #expect(error?.code == .signatureMismatch && error?.message.contains("() -> (i32, i64)") == true)
        let pair = try #require(try instance.rawFunction("pair"))
        #expect(pair.type == FunctionType(parameters: [], results: [.i32, .i64]))
        let results = try pair.call([])
        #expect(results.count == 2 && results[0].as(Int32.self) == 1 && results[1].as(Int64.self) == 2)
    }

    @Test("A function that is not there, or is no function, is refused by name")
    func missing() throws {
        for name in ["absent", "", "memory"] {
            let error = failure { () throws(WasmtimeError) in _ = try instance.function(name) }
            #expect(error?.code == .missingExport)
            #expect(try instance.rawFunction(name) == nil)
        }
    }

    @Test("Functions over references are refused, also raw")
    func references() {
        let error = failure { () throws(WasmtimeError) in _ = try instance.rawFunction("reference") }
        #expect(error?.code == .signatureMismatch && error?.message.contains("funcref") == true)
    }

    @Test("A raw call with the wrong number of arguments or slots is refused")
    func rawArguments() throws {
        let function = try #require(try instance.rawFunction("identity"))
        for count in [0, 2] {
            let error = failure { () throws(WasmtimeError) in
                _ = try function.call([RawValue](repeating: RawValue(), count: count))
            }
            #expect(error?.code == .signatureMismatch)
        }
        let error = failure { () throws(WasmtimeError) in
            // Safe: there is no slot that could be used.
            try unsafe function.call(UnsafeMutableBufferPointer(start: nil, count: 0))
        }
        #expect(error?.code == .signatureMismatch)
    }

    @Test("A vector passes through a raw call")
    func vector() throws {
        let function = try #require(try instance.rawFunction("vector"))
        let value = RawValue(low: 0x0123_4567_89ab_cdef, high: 42)
        #expect(try function.call([value]) == [value])
    }

    @Test("A function keeps its store alive")
    func lifetime() throws {
        func make() throws -> TypedFunction<Int32, Int32> {
            let (_, instance) = try makeGuest(
                #"(module (func (export "f") (param i32) (result i32) local.get 0))"#, engine: Engine())
            return try instance.function("f", taking: Int32.self, returning: Int32.self)
        }
        let function = try make()
        #expect(try function(3) == 3)
    }
}
