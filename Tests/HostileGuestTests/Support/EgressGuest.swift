/// A guest that sends one HTTP request: `send` returns the handle or the result, `status` and `length` those of the response or the result.
func requesting(_ url: String, redirects: Int = 0) -> String {
    func number(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    let texts = ["GET", url].flatMap { number($0.utf8.count) + Array($0.utf8) }
    let request = number(1) + number(0) + number(redirects) + texts + number(0) + number(0)
    let data = request.map { "\\" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    return #"""
        (module
          (import "airlock:http" "send" (func $http_send (param i32 i32) (result i32)))
          (import "airlock:http" "status" (func $http_status (param i32) (result i32)))
          (import "airlock:http" "body_length" (func $http_length (param i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 16) "\#(data)")
          (func $send (export "send") (result i32) (call $http_send (i32.const 16) (i32.const \#(request.count))))
          (func (export "status") (result i32) (local $result i32)
            (local.set $result (call $send))
            (if (result i32) (i32.lt_s (local.get $result) (i32.const 1))
              (then (local.get $result)) (else (call $http_status (local.get $result)))))
          (func (export "length") (result i32) (local $result i32)
            (local.set $result (call $send))
            (if (result i32) (i32.lt_s (local.get $result) (i32.const 1))
              (then (local.get $result)) (else (call $http_length (local.get $result))))))
        """#
}
