import Airlock
import AirlockProxyWasm
import Gateway

/// A filter in WebAssembly text, put together from what it does in its callbacks.
struct ProcessingGuest {
    enum Callback: String {
        case requestHeaders = "request_headers"
        case responseHeaders = "response_headers"
        case requestBody = "request_body"
        case responseBody = "response_body"
        case responseTrailers = "response_trailers"
    }

    private var texts: [UInt8] = []
    private var functions = ""

    /// A text in the guest's memory: its address and its length.
    private mutating func text(_ text: String) -> String {
        let place = texts.count
        texts += Array(text.utf8)
        return "(i32.const \(place)) (i32.const \(text.utf8.count))"
    }

    /// Runs these steps in a callback, then returns `action`.
    mutating func on(_ callback: Callback, return action: Int = 0, _ steps: String...) {
        let parameters = callback == .responseTrailers ? "i32 i32" : "i32 i32 i32"
        functions += """
            (func (export "proxy_on_\(callback.rawValue)") (param \(parameters)) (result i32)
              \(steps.joined(separator: "\n"))
              (i32.const \(action)))

            """
    }

    // MARK: Steps. Maps and buffers go by their numbers in the ABI.

    mutating func add(_ map: Int, _ name: String, _ value: String) -> String {
        "(drop (call $add (i32.const \(map)) \(text(name)) \(text(value))))"
    }

    mutating func replace(_ map: Int, _ name: String, _ value: String) -> String {
        "(drop (call $replace (i32.const \(map)) \(text(name)) \(text(value))))"
    }

    mutating func remove(_ map: Int, _ name: String) -> String {
        "(drop (call $remove (i32.const \(map)) \(text(name))))"
    }

    /// Puts bytes before what a buffer has.
    mutating func prepend(_ buffer: Int, _ bytes: String) -> String {
        "(drop (call $set_buffer (i32.const \(buffer)) (i32.const 0) (i32.const 0) \(text(bytes))))"
    }

    /// Empties a buffer.
    func empty(_ buffer: Int) -> String {
        "(drop (call $set_buffer (i32.const \(buffer)) (i32.const 0) (i32.const 1000000) (i32.const 0) (i32.const 0)))"
    }

    /// Answers with the header field `x-reply: 1`.
    mutating func reply(_ status: Int, _ body: String) -> String {
        let field = "\u{1}\0\0\0\u{7}\0\0\0\u{1}\0\0\0x-reply\u{0}1\0"
        return """
            (drop (call $reply (i32.const \(status)) (i32.const 0) (i32.const 0) \(text(body)) \(text(field))
              (i32.const -1)))
            """
    }

    /// Adds a property's value to a map, where there is one.
    mutating func add(_ map: Int, _ name: String, property path: [String]) -> String {
        """
        (if (i32.eqz (call $property \(text(path.joined(separator: "\0"))) (i32.const 8000) (i32.const 8004)))
          (then (drop (call $add (i32.const \(map)) \(text(name))
            (i32.load (i32.const 8000)) (i32.load (i32.const 8004))))))
        """
    }

    /// - Parameter seesBodyFirst: whether the filter is shown the body while it holds headers back.
    func plugin(
        _ name: String = "guest", onFailure: FailurePolicy = .closed, seesBodyFirst: Bool = false
    ) -> PluginConfiguration {
        let data = texts.map { byte in
            let digits = String(byte, radix: 16)
            return "\\" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
        let wat = """
            (module
              (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_remove_header_map_value" (func $remove (param i32 i32 i32) (result i32)))
              (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_send_local_response"
                (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (global $next (mut i32) (i32.const 16384))
              (data (i32.const 0) "\(data)")
              (func (export "proxy_abi_version_0_2_1"))
              (func (export "malloc") (param $size i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get $size))))
              \(functions))
            """
        var filter = FilterConfiguration(name: name, source: .wat(wat), failurePolicy: onFailure)
        filter.allowOnHeadersStopIteration = seesBodyFirst
        return PluginConfiguration(filter: filter)
    }
}
