import Airlock
import TestSupport

struct Waiting: Capability {
    static let id: CapabilityID = "test:waiting"
    let gate: Gate

    static let functions = HostFunctions<Self>(module: "waiting") {
        HostFunction("wait") { (waiting, _, value: Int32) async throws(HostError) -> Int32 in
            try? await waiting.gate.pass()
            return value * 2
        }
        HostFunction("fail") { (_, _) async throws(HostError) -> Void in
            throw HostError(.denied, "not for you")
        }
        HostFunction("fetch") { (_, _, key: String) async throws(HostError) -> [UInt8] in
            Array(key.utf8)
        }
    }
}

let waiting = #"""
    (module
      (import "waiting" "wait" (func $wait (param i32) (result i32)))
      (import "waiting" "fail" (func $fail))
      (import "waiting" "fetch" (func $fetch (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (data (i32.const 8) "abc")
      (func (export "wait") (param i32) (result i32) local.get 0 call $wait)
      (func (export "fail") call $fail)
      (func (export "fetch") (result i32)
        (i32.add (call $fetch (i32.const 8) (i32.const 3) (i32.const 100) (i32.const 10)) (i32.load8_u (i32.const 100))))
      (func (export "spin") (loop br 0))
      (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
    """#
