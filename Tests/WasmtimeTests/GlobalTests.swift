import Testing
import Wasmtime

@Suite("Globals and tables")
struct GlobalTests {
    let instance: Instance
    let store: Store<Recorder>

    init() throws {
        (store, instance) = try makeGuest(
            """
            (module
              (global $i (export "i") (mut i32) (i32.const -5))
              (global (export "l") (mut i64) (i64.const 5000000000))
              (global (export "f") (mut f32) (f32.const 1.5))
              (global (export "d") f64 (f64.const 2.5))
              (global (export "r") (mut funcref) (ref.null func))
              (table (export "t") 3 10 funcref)
              (func (export "get") (result i32) global.get $i))
            """, engine: Engine())
    }

    @Test("Numbers are read and changed")
    func values() throws {
        let number = try #require(instance.global("i"))
        #expect(number.type == (try #require(instance.global("i"))).type && number.type.isMutable)
        #expect(try number.value(as: Int32.self) == -5)
        try number.set(UInt32.max)
        #expect(try instance.function("get", returning: Int32.self)() == -1)
        let long = try #require(instance.global("l"))
        try long.set(try long.value(as: Int64.self) * 2)
        #expect(try long.value(as: UInt64.self) == 10_000_000_000)
        let float = try #require(instance.global("f"))
        try float.set(Float(-0.25))
        #expect(try float.value(as: Float.self) == -0.25)
        #expect(try #require(instance.global("d")).value(as: Double.self) == 2.5)
    }

    @Test("Another type, a constant, and a reference are refused")
    func refused() throws {
        let constant = try #require(instance.global("d"))
        #expect(failure { () throws(WasmtimeError) in try constant.set(1.0) }?.code == .signatureMismatch)
        let narrow = failure { () throws(WasmtimeError) in _ = try constant.value(as: Float.self) }
        #expect(narrow?.code == .signatureMismatch)
        let reference = try #require(instance.global("r"))
        #expect(reference.type.value == .funcref)
        #expect(failure { () throws(WasmtimeError) in try reference.set(1 as Int64) }?.code == .signatureMismatch)
        #expect(instance.global("t") == nil && instance.global("absent") == nil)
    }

    @Test("The size of a table is read")
    func tables() {
        #expect(instance.tableSize("t") == 3)
        #expect(instance.tableSize("i") == nil && instance.tableSize("absent") == nil)
    }
}
