import Testing
import Wasmtime

@Suite("Traps")
struct TrapTests {
    static let guest = """
        (module $trapper
          (type $unary (func (param i32) (result i32)))
          (memory 1)
          (table $table 2 funcref)
          (elem (i32.const 0) $add)
          (func $add (result i32) i32.const 1)
          (func (export "unreachable") unreachable)
          (func (export "load") (drop (i32.load (i32.const 65536))))
          (func (export "fill") (memory.fill (i32.const 65535) (i32.const 0) (i32.const 2)))
          (func (export "divide") (drop (i32.div_s (i32.const 1) (i32.const 0))))
          (func (export "overflow") (drop (i32.div_s (i32.const -2147483648) (i32.const -1))))
          (func (export "convert") (drop (i32.trunc_f64_s (f64.const nan))))
          (func (export "table") (drop (table.get $table (i32.const 2))))
          (func (export "null") (drop (call_indirect $table (type $unary) (i32.const 0) (i32.const 1))))
          (func (export "signature") (drop (call_indirect $table (type $unary) (i32.const 0) (i32.const 0))))
          (func $recurse (export "recurse") (param i64) (call $recurse (local.get 0)) (call $recurse (local.get 0)))
          (func $inner unreachable)
          (func $middle call $inner)
          (func (export "outer") call $middle))
        """

    static let codes: [(String, Trap.Code)] = [
        ("unreachable", .unreachable), ("load", .memoryOutOfBounds), ("fill", .memoryOutOfBounds),
        ("divide", .integerDivisionByZero), ("overflow", .integerOverflow), ("convert", .badConversionToInteger),
        ("table", .tableOutOfBounds), ("null", .indirectCallToNull), ("signature", .badSignature),
    ]

    @Test("A trap says why the guest stopped, and the instance can be called again", arguments: codes)
    func stops(name: String, code: Trap.Code) throws {
        let (_, instance) = try makeGuest(Self.guest, engine: Engine())
        let function = try instance.function(name)
        for _ in 0..<2 {
            let error = failure { () throws(WasmtimeError) in try function() }
            #expect(error?.code == .trap)
            #expect(error?.trap?.code == code)
            #expect(error?.message == code.description)
        }
    }

    @Test("Endless recursion ends in a stack overflow, and the instance can be called again")
    func stackOverflow() throws {
        let (_, instance) = try makeGuest(Self.guest, engine: Engine(EngineConfiguration(maxWasmStack: 64 << 10)))
        let recurse = try instance.function("recurse", taking: Int64.self)
        for _ in 0..<2 {
            #expect(failure { () throws(WasmtimeError) in try recurse(1) }?.trap?.code == .stackOverflow)
        }
    }

    @Test("A backtrace names the functions and the module, innermost first")
    func backtrace() throws {
        let (_, instance) = try makeGuest(Self.guest, engine: Engine())
        let outer = try instance.function("outer")
        let error = try #require(failure { () throws(WasmtimeError) in try outer() })
        let frames = try #require(error.trap?.backtrace)
        #expect(frames.count == 3)
        #expect(frames.prefix(2).map(\.functionName) == ["inner", "middle"])
        #expect(frames.allSatisfy { $0.moduleName == "trapper" })
        #expect(frames.map(\.functionIndex) == [11, 12, 13])
        #expect(frames.allSatisfy { ($0.moduleOffset ?? 0) > 0 && $0.functionOffset != nil })
        #expect(error.description.contains("trapper!middle"))
    }

    @Test("A trap in a start function is the error of the instantiation")
    func start() throws {
        let engine = try Engine()
        let error = #expect(throws: WasmtimeError.self) {
            try makeGuest("(module (func $f unreachable) (start $f))", engine: engine)
        }
        #expect(error?.code == .trap && error?.trap?.code == .unreachable)
    }

    @Test("An exception that the guest does not catch ends the call, and the instance can be called again")
    func uncaughtException() throws {
        let (_, instance) = try makeGuest(
            """
            (module (tag $e (param i32))
              (func (export "throw") (throw $e (i32.const 1)))
              (func (export "f") (result i32) i32.const 7)
              (func (export "catch") (result i32) (block $b (result i32) (try_table (catch $e $b) (throw $e (i32.const 5))) (i32.const 0))))
            """, engine: Engine())
        let function = try instance.function("throw")
        for _ in 0..<3 {
            let error = failure { () throws(WasmtimeError) in try function() }
            #expect(error?.code == .trap)
            #expect(try instance.function("f", returning: Int32.self)() == 7)
            #expect(try instance.function("catch", returning: Int32.self)() == 5)
        }
    }
}
