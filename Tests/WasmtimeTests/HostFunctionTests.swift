import Testing
import Wasmtime

@Suite("Host functions")
struct HostFunctionTests {
    let engine: Engine

    init() throws {
        engine = try Engine()
    }

    @Test("Numbers of every type arrive and return with all their bits")
    func values() throws {
        let (_, instance) = try makeGuest(
            """
            (module
              (import "env" "i32" (func $i32 (param i32) (result i32)))
              (import "env" "u32" (func $u32 (param i32) (result i32)))
              (import "env" "i64" (func $i64 (param i64) (result i64)))
              (import "env" "u64" (func $u64 (param i64) (result i64)))
              (import "env" "f32" (func $f32 (param f32) (result f32)))
              (import "env" "f64" (func $f64 (param f64) (result f64)))
              (export "i32" (func $i32)) (export "u32" (func $u32)) (export "i64" (func $i64))
              (export "u64" (func $u64)) (export "f32" (func $f32)) (export "f64" (func $f64)))
            """, engine: engine
        ) { linker in
            try linker.define("env", "i32") { (_, value: Int32) -> Int32 in value &- 1 }
            try linker.define("env", "u32") { (_, value: UInt32) -> UInt32 in value &- 1 }
            try linker.define("env", "i64") { (_, value: Int64) -> Int64 in value &- 1 }
            try linker.define("env", "u64") { (_, value: UInt64) -> UInt64 in value &- 1 }
            try linker.define("env", "f32") { (_, value: Float) -> Float in -value }
            try linker.define("env", "f64") { (_, value: Double) -> Double in -value }
        }
        let i32 = try instance.function("i32", taking: Int32.self, returning: Int32.self)
        #expect(try i32(.min) == .max && i32(0) == -1)
        let u32 = try instance.function("u32", taking: UInt32.self, returning: UInt32.self)
        #expect(try u32(0) == .max && u32(.max) == .max - 1)
        let i64 = try instance.function("i64", taking: Int64.self, returning: Int64.self)
        #expect(try i64(.min) == .max && i64(0) == -1)
        let u64 = try instance.function("u64", taking: UInt64.self, returning: UInt64.self)
        #expect(try u64(0) == .max && u64(.max) == .max - 1)
        let f32 = try instance.function("f32", taking: Float.self, returning: Float.self)
        #expect(try f32(1.5) == -1.5 && f32(-.infinity) == .infinity)
        let f64 = try instance.function("f64", taking: Double.self, returning: Double.self)
        #expect(try f64(-1e300) == 1e300)
    }

    @Test("Many parameters of mixed widths keep their order")
    func manyParameters() throws {
        let (store, instance) = try makeGuest(
            """
            (module
              (import "env" "f" (func $f (param i32 i64 f32 i32 i32 f64 i64 i32 f32 i64) (result i64)))
              (func (export "g") (param i32 i64 f32 i32 i32 f64 i64 i32 f32 i64) (result i64)
                (call $f (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4)
                         (local.get 5) (local.get 6) (local.get 7) (local.get 8) (local.get 9))))
            """, engine: engine
        ) { linker in
            try linker.define("env", "f") {
                (
                    caller, a: Int32, b: Int64, c: Float, d: Int32, e: UInt32, f: Double, g: UInt64, h: Int32, i: Float,
                    j: Int64
                ) -> Int64 in
                caller.host.values = [
                    Int64(a), b, Int64(c), Int64(d), Int64(e), Int64(f), Int64(g), Int64(h), Int64(i), j,
                ]
                return Int64(a) + b
            }
        }
        let function = try instance.function(
            "g", taking: Int32.self, Int64.self, Float.self, Int32.self, UInt32.self, Double.self, UInt64.self,
            Int32.self, Float.self, Int64.self, returning: Int64.self)
        #expect(try function(1, -(1 << 40), 3, -4, 4_000_000_000, 6, 1 << 62, -8, 9, 1 << 50) == 1 - (1 << 40))
        #expect(store.host.values == [1, -(1 << 40), 3, -4, 4_000_000_000, 6, 1 << 62, -8, 9, 1 << 50])
    }

    @Test("A host function without parameters and results is called")
    func nothing() throws {
        let (store, instance) = try makeGuest(
            #"(module (import "env" "f" (func $f)) (func (export "g") call $f call $f))"#, engine: engine
        ) { linker in
            try linker.define("env", "f") { (caller) in caller.host.values.append(1) }
        }
        try instance.function("g")()
        #expect(store.host.values == [1, 1])
    }

    @Test("What a host function throws ends the guest and reaches the caller unchanged, with the guest's backtrace")
    func throwing() throws {
        let (store, instance) = try makeGuest(
            """
            (module (import "env" "f" (func $f (param i32) (result i32)))
              (func $inner (result i32) (call $f (i32.const 42)))
              (func (export "g") (result i32) call $inner)
              (func (export "h") unreachable))
            """, engine: engine
        ) { linker in
            try linker.define("env", "f") { (_, value: Int32) throws -> Int32 in
                throw HostFailure(number: Int(value))
            }
        }
        let function = try instance.function("g", returning: Int32.self)
        for _ in 0..<2 {
            let error = failure { () throws(WasmtimeError) in _ = try function() }
            #expect(error?.code == .hostError)
            #expect(error?.hostError as? HostFailure == HostFailure(number: 42))
            #expect(error?.trap?.backtrace.first?.functionName == "inner")
        }
        // The error does not stay behind for a later trap.
        let trap = try instance.function("h")
        #expect(failure { () throws(WasmtimeError) in try trap() }?.hostError == nil)
        #expect(store.host.values.isEmpty)
    }

    @Test("A host function that throws in a start function ends the instantiation")
    func throwingAtStart() throws {
        let engine = engine
        let error = #expect(throws: WasmtimeError.self) {
            try makeGuest(#"(module (import "env" "f" (func $f)) (start $f))"#, engine: engine) { linker in
                try linker.define("env", "f") { (_) throws -> Void in throw HostFailure(number: 1) }
            }
        }
        #expect(error?.code == .hostError && error?.hostError as? HostFailure == HostFailure(number: 1))
    }

    @Test("A raw host function gets its arguments and returns several results")
    func raw() throws {
        let (_, instance) = try makeGuest(
            """
            (module (import "env" "swap" (func $swap (param i32 i64) (result i64 i32 v128)))
              (export "swap" (func $swap)))
            """, engine: engine
        ) { linker in
            let type = FunctionType(parameters: [.i32, .i64], results: [.i64, .i32, .v128])
            // Safe: the slots are used during the call only, and as the type says.
            try unsafe linker.defineRaw("env", "swap", type: type) { _, slots in
                let count = slots.count
                #expect(count == 3)
                let (first, second) = unsafe (slots[0].as(Int32.self), slots[1].as(Int64.self))
                unsafe slots[0] = RawValue(second)
                unsafe slots[1] = RawValue(first)
                unsafe slots[2] = RawValue(low: 1, high: 2)
            }
        }
        let swap = try #require(try instance.rawFunction("swap"))
        let results = try swap.call([RawValue(Int32(7)), RawValue(Int64(-8))])
        #expect(results[0].as(Int64.self) == -8 && results[1].as(Int32.self) == 7)
        #expect(results[2] == RawValue(low: 1, high: 2))
    }

    @Test("A host function calls back into its guest")
    func reentry() throws {
        let (store, instance) = try makeGuest(
            """
            (module (import "env" "f" (func $f (param i32) (result i32)))
              (func (export "twice") (param i32) (result i32) (i32.mul (local.get 0) (i32.const 2)))
              (func (export "note") (param i32))
              (func (export "trap") unreachable)
              (func (export "g") (param i32) (result i32) (call $f (local.get 0))))
            """, engine: engine
        ) { linker in
            try linker.define("env", "f") { (caller, value: Int32) throws -> Int32 in
                let host = caller.host
                let functions = try #require(host.functions)
                try caller.call(functions.note, value)
                let error = failure { () throws(WasmtimeError) in try caller.call(functions.trap) }
                #expect(error?.trap?.code == .unreachable)
                return try caller.call(functions.twice, value) + 1
            }
        }
        store.host.functions = (
            twice: try instance.function("twice", taking: Int32.self, returning: Int32.self),
            note: try instance.function("note", taking: Int32.self),
            trap: try instance.function("trap")
        )
        let function = try instance.function("g", taking: Int32.self, returning: Int32.self)
        #expect(try function(20) == 41)
        store.host.functions = nil
    }

    @Test("A host function cannot use a function of another store")
    func otherStore() throws {
        let text = """
            (module (import "env" "f" (func $f)) (func (export "note") (param i32)) (func (export "g") call $f))
            """
        func guest() throws -> (store: Store<Recorder>, instance: Instance) {
            try makeGuest(text, engine: engine) { linker in
                try linker.define("env", "f") { (caller) in
                    let host = caller.host
                    let functions = try #require(host.functions)
                    try caller.call(functions.note, 1)
                }
            }
        }
        let (first, second) = (try guest(), try guest())
        let note = try second.instance.function("note", taking: Int32.self)
        first.store.host.functions = (
            twice: try instanceOfTwice(), note: note, trap: try first.instance.function("g")
        )
        let function = try first.instance.function("g")
        let error = failure { () throws(WasmtimeError) in try function() }
        #expect((error?.hostError as? WasmtimeError)?.code == .wrongStore)
        first.store.host.functions = nil
    }

    private func instanceOfTwice() throws -> TypedFunction<Int32, Int32> {
        let (_, instance) = try makeGuest(
            #"(module (func (export "f") (param i32) (result i32) local.get 0))"#, engine: engine)
        return try instance.function("f", taking: Int32.self, returning: Int32.self)
    }
}

extension Recorder {
    typealias Functions = (
        twice: TypedFunction<Int32, Int32>, note: TypedFunction<Void, Int32>, trap: TypedFunction<Void>
    )
}
