import Testing
import Wasmtime

@testable import Airlock

@Suite("Edited modules: growth inside of every kind of code")
struct EditedBodyTests {
    /// Bodies of `(func (param i32) (result i32))` that grow once, by the parameter, and answer what growing answered.
    @Test(
        "A guest that is edited computes what it computed before",
        arguments: [
            "(memory.grow (local.get 0))",
            "(return (memory.grow (local.get 0)))",
            "(block (result i32) (block (result i32) (memory.grow (local.get 0))))",
            "(block $b (result i32) (br $b (memory.grow (local.get 0))))",
            "(block $b (result i32) (br_if $b (memory.grow (local.get 0)) (i32.const 1)))",
            "(loop (result i32) (memory.grow (local.get 0)))",
            "(if (result i32) (i32.const 1) (then (memory.grow (local.get 0))) (else (i32.const 7)))",
            "(if (result i32) (i32.const 0) (then (i32.const 7)) (else (memory.grow (local.get 0))))",
            "(local.get 0) (if (param) (result i32) (i32.const 1) (then (memory.grow (local.get 0))) (else (unreachable))) (return)",
            "(try_table (result i32) (memory.grow (local.get 0)))",
            """
            (block $caught (result i32)
              (try_table (result i32) (catch $e $caught) (throw $e (memory.grow (local.get 0)))))
            """,
            "(block $out (result i32) (br_table $out $out (memory.grow (local.get 0)) (i32.const 1)))",
            "(call $id (memory.grow (local.get 0)))",
            "(return_call $id (memory.grow (local.get 0)))",
            "(call_indirect (type $t) (memory.grow (local.get 0)) (i32.const 0))",
            "(call_ref $t (memory.grow (local.get 0)) (ref.func $id))",
            "(select (memory.grow (local.get 0)) (i32.const 9) (i32.const 1))",
            "(local.tee 0 (memory.grow (local.get 0)))",
            "(global.set $g (memory.grow (local.get 0))) (global.get $g)",
            "(memory.grow (local.get 0)) (return) (memory.grow) (drop) (unreachable)",
            "(memory.grow (local.get 0)) (return) (drop (memory.grow (unreachable)))",
            "(block $b (result i32) (br $b (memory.grow (local.get 0))) (memory.grow))",
            "(i32.store (i32.const 0) (memory.grow (local.get 0))) (i32.load (i32.const 0))",
            "(drop (i32.const 64)) (memory.grow (local.get 0)) (drop (memory.size)) (nop)",
        ]
    )
    func shapes(body: String) throws {
        let text = """
            (module
              (type $t (func (param i32) (result i32)))
              (import "host" "twice" (func (type $t)))
              (memory (export "memory") 1)
              (table funcref (elem $id))
              (tag $e (param i32))
              (global $g (mut i32) (i32.const 0))
              (func $id (type $t) (local.get 0))
              (func (export "run") (param i32) (result i32) \(body)))
            """
        let guest = try EditedGuest(text, pages: 3)
        #expect(try guest.call("run", 2) == 1)
        #expect(try guest.call("run", 1) == -1)
        #expect(try guest.refusals == 1)
        #expect(try guest.call("run", 0) == 3)
        #expect(guest.pages == [3])
    }

    @Test("A start function is called by the host, and what it is refused is counted")
    func startSection() throws {
        let guest = try EditedGuest(
            "(module (memory 1) (func $s (drop (memory.grow (i32.const 5))) (drop (memory.grow (i32.const 1)))) (start $s))",
            pages: 2
        )
        #expect(guest.edited.hostExports.start == "airlock:start")
        #expect(guest.edited.hostExports.hidden == ["airlock:memory/0", "airlock:refused-growth", "airlock:start"])
        #expect(try guest.refusals == 1)
        #expect(guest.pages == [2])
        #expect(try ModuleBounds().walk(guest.edited.bytes).outline.section(8) == nil)
    }

    @Test("A module without a memory has its start function called by the host, too, be it an imported one")
    func startWithoutMemory() throws {
        let guest = try EditedGuest(
            """
            (module
              (global $g (mut i32) (i32.const 1))
              (func $s (global.set $g (i32.const 2)))
              (func (export "airlock:start") (result i32) (global.get $g))
              (start $s))
            """,
            pages: 0
        )
        #expect(guest.edited.hostExports.start == "airlock:start#2")
        #expect(try guest.call("airlock:start") == 2)

        let imported = try Module.binary(ofWAT: "(module (import \"m\" \"f\" (func $f)) (start $f))")
        let edited = try EditedModule(imported, bounds: ModuleBounds(), memoryLimit: 0)
        #expect(try Module(engine: Engine(), bytes: edited.bytes).exports.map(\.name) == ["airlock:start"])
    }

    @Test("Functions, types, globals and names of the module keep their indices")
    func indices() throws {
        let guest = try EditedGuest(
            """
            (module
              (import "host" "twice" (func $twice (param i32) (result i32)))
              (memory 1)
              (table 2 funcref)
              (elem (i32.const 0) $first $last)
              (global $a i32 (i32.const 3))
              (global $b (mut i32) (i32.const 4))
              (func $first (param i32) (result i32) (call $twice (i32.add (global.get $a) (local.get 0))))
              (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
              (func (export "indirect") (param i32) (result i32)
                (call_indirect (param i32) (result i32) (i32.const 10) (local.get 0)))
              (func $last (export "last") (param i32) (result i32)
                (global.set $b (i32.add (global.get $b) (local.get 0))) (global.get $b)))
            """,
            pages: 2
        )
        #expect(try guest.call("grow", 7) == -1)
        #expect(try guest.call("indirect", 0) == 26)
        #expect(try guest.call("indirect", 1) == 14)
        #expect(try guest.call("last", 1) == 15)
        #expect(try guest.refusals == 1)
    }
}
