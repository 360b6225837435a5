import Airlock
import AirlockTesting
import Testing
import Wasmtime

@Suite("Hostile: traps", .hostile)
struct TrapTests {
    static let kinds: [(String, UInt8)] = [
        ("unreachable", Trap.Code.unreachable), ("load", .memoryOutOfBounds), ("store", .memoryOutOfBounds),
        ("loadWrap", .memoryOutOfBounds), ("fill", .memoryOutOfBounds), ("copy", .memoryOutOfBounds),
        ("init", .memoryOutOfBounds), ("dropped", .memoryOutOfBounds), ("tableGet", .tableOutOfBounds),
        ("tableSet", .tableOutOfBounds), ("tableFill", .tableOutOfBounds), ("tableCopy", .tableOutOfBounds),
        ("tableInit", .tableOutOfBounds), ("callPast", .tableOutOfBounds), ("callNull", .indirectCallToNull),
        ("callOther", .badSignature), ("divide", .integerDivisionByZero), ("divideUnsigned", .integerDivisionByZero),
        ("remainder", .integerDivisionByZero), ("overflow", .integerOverflow), ("convertNaN", .badConversionToInteger),
        ("convertHuge", .integerOverflow), ("recurse", .stackOverflow), ("callNullReference", .nullReference),
        ("asNonNull", .nullReference),
    ].map { ($0.0, $0.1.rawValue) }

    @Test(
        "Each kind of trap ends its call with that kind, and the next call gets a fresh instance",
        arguments: [false, true])
    func kind(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let caller = try await Caller(.wat(trapping), isSuspendable, on: host)
                let mark = try caller.function("mark", returning: Int32.self)
                return taking(TrapTests.kinds) { export, rawCode in
                    let trap = try caller.function(export)
                    try #require(try await caller.call(mark).value == 1)
                    let error = try await failure(.trap) { try await caller.call(trap) }
                    try #require(error.trap?.code?.rawValue == rawCode, "\(error)")
                    try #require(!error.backtrace.isEmpty)
                    try #require(error.limit == nil && error.report != nil)
                }
            }
        }
    }

    @Test("An exception that no one catches ends its call", arguments: [false, true])
    func exception(isSuspendable: Bool) async {
        await #expect(processExitsWith: .success) { [isSuspendable] in
            try await withstand { host in
                let caller = try await Caller(.wat(throwing), isSuspendable, on: host)
                let (throwing, one) = (try caller.function("throw"), try caller.function("one", returning: Int32.self))
                return {
                    let error = try await failure(.trap) { try await caller.call(throwing) }
                    // The engine has no code for it.
                    try #require(error.trap?.code == nil)
                    if !isSuspendable { try #require(error.backtrace.first?.functionName == "throw") }
                    try #require(try await caller.call(one).value == 1)
                }
            }
        }
    }

    @Test("A trap in the start section refuses the module")
    func start() async {
        await #expect(processExitsWith: .success) {
            // A repetition compiles a module.
            try await withstand(repetitions: 200, .hostile(engine: .quickCompiling)) { host in
                {
                    let error = try await failure(.trap) {
                        _ = try await host.load(
                            .wat("(module (memory 1) (func $s (drop (i32.load (i32.const -1)))) (start $s))"),
                            name: "hostile", limits: .patient)
                    }
                    try #require(error.trap?.code == .memoryOutOfBounds)
                }
            }
        }
    }

    @Test("A segment that does not fit refuses the module")
    func segment() async {
        await #expect(processExitsWith: .success) {
            // A repetition compiles a module.
            try await withstand(repetitions: 400, .hostile(engine: .quickCompiling)) { host in
                taking([
                    ("(data (i32.const 65535) \"ab\")", Trap.Code.memoryOutOfBounds),
                    ("(elem (i32.const 1) 0 0)", .tableOutOfBounds),
                ]) { text, code in
                    let error = try await failure(.trap) {
                        _ = try await host.load(
                            .wat("(module (memory 1) (table 2 funcref) (func) \(text))"), name: "hostile",
                            limits: .patient)
                    }
                    try #require(error.trap?.code == code, "\(error)")
                }
            }
        }
    }
}

private let throwing = #"""
    (module
      (tag $e (param i32))
      (func $throw (export "throw") (throw $e (i32.const 1)))
      (func (export "one") (result i32) i32.const 1))
    """#

private let trapping = #"""
    (module
      (type $unary (func (param i32) (result i32)))
      (memory (export "memory") 1 2)
      (table $t 2 2 funcref)
      (elem (i32.const 0) $other)
      (elem $functions func $other)
      (data $bytes "abc")
      (global $marks (mut i32) (i32.const 0))
      (func $other (result i32) i32.const 1)
      (func (export "mark") (result i32)
        (global.set $marks (i32.add (global.get $marks) (i32.const 1))) (global.get $marks))
      (func (export "unreachable") unreachable)
      (func (export "load") (drop (i32.load (i32.const 65533))))
      (func (export "loadWrap") (drop (i64.load offset=0xffffffff (i32.const -1))))
      (func (export "store") (i32.store8 (i32.const -1) (i32.const 0)))
      (func (export "fill") (memory.fill (i32.const 65535) (i32.const 0) (i32.const 2)))
      (func (export "copy") (memory.copy (i32.const 0) (i32.const 1) (i32.const -1)))
      (func (export "init") (memory.init $bytes (i32.const 0) (i32.const 1) (i32.const 3)))
      (func (export "dropped") (data.drop $bytes) (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 1)))
      (func (export "tableGet") (drop (table.get $t (i32.const -1))))
      (func (export "tableSet") (table.set $t (i32.const 2) (ref.null func)))
      (func (export "tableFill") (table.fill $t (i32.const 1) (ref.null func) (i32.const -1)))
      (func (export "tableCopy") (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 2)))
      (func (export "tableInit") (table.init $t $functions (i32.const 0) (i32.const 0) (i32.const 2)))
      (func (export "callPast") (drop (call_indirect $t (type $unary) (i32.const 0) (i32.const 2))))
      (func (export "callNull") (drop (call_indirect $t (type $unary) (i32.const 0) (i32.const 1))))
      (func (export "callOther") (drop (call_indirect $t (type $unary) (i32.const 0) (i32.const 0))))
      (func (export "divide") (drop (i64.div_s (i64.const 1) (i64.const 0))))
      (func (export "divideUnsigned") (drop (i32.div_u (i32.const 1) (i32.const 0))))
      (func (export "remainder") (drop (i32.rem_u (i32.const 1) (i32.const 0))))
      (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
      (func (export "convertNaN") (drop (i32.trunc_f64_s (f64.const nan))))
      (func (export "convertHuge") (drop (i64.trunc_f64_u (f64.const 1e300))))
      (func $recurse (export "recurse") call $recurse)
      (func (export "callNullReference") (drop (call_ref $unary (i32.const 0) (ref.null $unary))))
      (func (export "asNonNull") (drop (ref.as_non_null (ref.null func)))))
    """#
