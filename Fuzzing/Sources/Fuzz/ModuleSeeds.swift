/// Modules with all kinds of sections, instructions and memories.
enum ModuleSeeds {
    static let texts = [
        "(module)",
        "(module (memory 1) (func (export \"f\") (param i32) (result i32) (memory.grow (local.get 0))))",
        """
        (module
          (memory $a 1 4) (memory $b (export "memory") 2) (memory $c 0 9)
          (global (export "airlock:refused-growth") (mut i64) (i64.const 1))
          (func (export "airlock:memory/0"))
          (func (result i32) (memory.grow $a (memory.grow $b (memory.grow $c (i32.const 1))))))
        """,
        """
        (module
          (import "m" "f" (func $f (param i32) (result i32)))
          (import "m" "g" (global $g (mut i32)))
          (import "m" "m" (memory $i 1))
          (import "m" "t" (table $t 1 funcref))
          (import "m" "e" (tag $e (param i32)))
          (memory $d 1)
          (export "t" (table $t)) (export "g" (global $g)) (export "e" (tag $e)) (export "i" (memory $i))
          (func $s (drop (memory.grow $i (i32.const 1))) (drop (memory.grow $d (i32.const 1))))
          (start $s)
          (elem (table $t) (i32.const 0) func $f $s)
          (elem declare func $s)
          (data (memory $d) (i32.const 0) "data")
          (data $p "passive")
          (func (param i32) (result funcref)
            (memory.init $d $p (i32.const 0) (i32.const 0) (i32.const 1)) (data.drop $p)
            (memory.copy $d $i (i32.const 0) (i32.const 0) (i32.const 1))
            (memory.fill $d (i32.const 0) (i32.const 0) (i32.const 1))
            (ref.func $s)))
        """,
        """
        (module
          (type $pair (func (param i32 i64) (result i64 i32)))
          (memory 1) (tag $e (param i32))
          (func $control (param $n i32) (result i32) (local i64 f32 f64 v128 externref)
            (block $out (result i32)
              (loop $again (br_if $again (i32.eqz (memory.grow (local.get $n)))))
              (if (local.get $n) (then (nop)) (else (return (i32.const 3))))
              (br_table $out $out (memory.grow (i32.const 1)) (local.get $n))
              unreachable))
          (func $catches (result i32)
            (block $b (result i32)
              (block $x (result exnref)
                (br $b
                  (try_table (result i32) (catch $e $b) (catch_all_ref $x)
                    (throw $e (memory.grow (i32.const 1))))))
              (throw_ref)))
          (func $references (param $r (ref null $pair)) (result i64 i32)
            (block $null
              (br_on_null $null (local.get $r)) (drop)
              (return_call_ref $pair (i32.const 0) (i64.const 0) (ref.as_non_null (local.get $r))))
            (call_ref $pair (i32.const 0) (i64.const 0) (ref.func $references2)))
          (func $references2 (type $pair) (i64.const -1) (i32.const -1))
          (elem declare func $references2)
          (func $vectors (param $v v128) (result v128)
            (v128.store32_lane offset=4 3 (i32.const 0) (local.get $v))
            (drop (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31 (local.get $v) (local.get $v)))
            (drop (i64.load8_u offset=70000 (i32.const 0)))
            (v128.const i32x4 1 2 3 4)))
        """,
    ]
}
