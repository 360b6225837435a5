import Airlock
import TestSupport
import Testing
import Wasmtime

@Suite("Module bounds: nothing that the engine accepts is malformed")
struct EngineAgreementTests {
    /// Every section, and instructions with every kind of immediate.
    static let everything = """
        (module
          (type $pair (func (param i32 i64) (result i64 i32)))
          (import "host" "f" (func $f (type $pair)))
          (import "host" "g" (global $g (mut i32)))
          (memory $m 1 4)
          (table $t 4 8 funcref)
          (table $u 1 externref)
          (tag $e (param i32))
          (global $h (mut f64) (f64.const 1.5))
          (global $i i32 (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))
          (elem $s (i32.const 0) func $numbers $control)
          (elem $p func $f)
          (elem declare func $calls)
          (data $d (i32.const 8) "abc")
          (data $q "xyz")
          (export "memory" (memory $m))
          (start $start)
          (func $start)
          (func $numbers (param $a i32) (result i32) (local i64 f32 f64 v128)
            (i64.store offset=70000 align=4 (i32.const 0) (i64.const -9223372036854775808))
            (f32.store (i32.const 0) (f32.const -0x1.8p3))
            (drop (i64.load8_u offset=3 (i32.const 0)))
            (drop (i32.trunc_sat_f64_u (f64.const 1)))
            (drop (i64.extend32_s (i64.const 5)))
            (drop (f64.promote_f32 (f32.const 2)))
            (drop (memory.grow (memory.size)))
            (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
            (memory.fill (i32.const 0) (i32.const 1) (i32.const 2))
            (memory.init $q (i32.const 0) (i32.const 0) (i32.const 1))
            (data.drop $q)
            (drop (select (i32.const -1) (i32.const 2147483647) (local.tee $a (i32.const 1))))
            (ref.null func) (ref.func $calls) (i32.const 1) (select (result funcref)) (drop)
            (global.set $g (global.get $i))
            (local.get $a))
          (func $tables
            (table.set $t (i32.const 0) (table.get $t (i32.const 1)))
            (drop (table.grow $u (ref.null extern) (i32.const 0)))
            (drop (table.size $u))
            (table.fill $t (i32.const 0) (ref.null func) (i32.const 1))
            (table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 1))
            (table.init $t $p (i32.const 0) (i32.const 0) (i32.const 1))
            (elem.drop $p)
            (drop (ref.is_null (ref.func $calls))))
          (func $control (param $n i32) (result i32)
            (block $out (result i32)
              (loop $again (br_if $again (i32.eqz (local.get $n))))
              (if (local.get $n) (then (nop)) (else (return (i32.const 3))))
              (br_table $out $out (i32.const 1) (local.get $n))
              unreachable))
          (func $blocks (result i64)
            (i32.const 1) (i64.const 2)
            (block (type $pair) (call $f))
            (drop))
          (func $catches (result i32)
            (block $b (result i32)
              (block $x (result exnref)
                (br $b
                  (try_table (result i32) (catch $e $b) (catch_all_ref $x)
                    (throw $e (i32.const 1)))))
              (throw_ref)))
          (func $calls (param i32 i64) (result i64 i32)
            (call_indirect $t (type $pair) (local.get 0) (local.get 1) (i32.const 0))
            (drop) (drop)
            (return_call $f (local.get 0) (local.get 1)))
          (func $references (param $r (ref null $pair)) (result i64 i32)
            (block $null
              (br_on_null $null (local.get $r)) (drop)
              (return_call_ref $pair (i32.const 0) (i64.const 0) (ref.as_non_null (local.get $r))))
            (call_ref $pair (i32.const 0) (i64.const 0) (ref.func $calls)))
          (func $vectors (param $v v128) (result v128)
            (drop (i8x16.extract_lane_s 15 (local.get $v)))
            (drop (f64x2.extract_lane 1 (local.get $v)))
            (v128.store (i32.const 0) (v128.load8x8_s (i32.const 0)))
            (v128.store32_lane offset=4 3 (i32.const 0) (local.get $v))
            (drop (v128.load64_lane align=8 1 (i32.const 0) (local.get $v)))
            (drop (v128.load32_zero (i32.const 0)))
            (drop (v128.load64_zero offset=8 (i32.const 0)))
            (drop (v128.load32_splat (i32.const 0)))
            (drop (f64x2.replace_lane 0 (local.get $v) (f64.const 1)))
            (drop (i8x16.swizzle (local.get $v) (i16x8.splat (i32.const 1))))
            (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get $v) (local.get $v)))
            (drop (v128.any_true (v128.bitselect (local.get $v) (local.get $v) (local.get $v))))
            (drop (f64x2.promote_low_f32x4 (f32x4.demote_f64x2_zero (local.get $v))))
            (drop (i64x2.extmul_high_i32x4_u (local.get $v) (local.get $v)))
            (drop (f64x2.convert_low_i32x4_u (local.get $v)))
            (v128.const i32x4 1 2 3 4)))
        """

    @Test(
        "a module with all kinds of sections and immediates is accepted by both, and by the check with the same counts")
    func everything() throws {
        let bytes = try Module.binary(ofWAT: Self.everything)
        try Module.validate(bytes, engine: Engine())
        let inspection = try ModuleBounds().check(bytes)
        #expect(inspection.imports == 2)
        #expect(inspection.functions == 9)
        #expect(inspection.tables == 2)
        #expect(inspection.globals == 3)
        #expect(inspection.tags == 1)
        #expect(inspection.elementSegments == 3)
        #expect(inspection.dataSegments == 2)
    }

    @Test("whatever is changed in it, a module that the engine still accepts is not called malformed")
    func changed() throws {
        let engine = try Engine()
        let original = try Module.binary(ofWAT: Self.everything)
        var generator = SplitMix(seed: 3)
        var accepted = 0
        for _ in 0..<4_000 {
            var bytes = original
            bytes[Int.random(in: 8..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            guard (try? Module.validate(bytes, engine: engine)) != nil else { continue }
            accepted += 1
            do throws(ModuleBoundsViolation) {
                try ModuleBounds().check(bytes)
            } catch {
                if case .malformed = error { Issue.record("\(error)") }
            }
        }
        #expect(accepted > 100)
    }
}
