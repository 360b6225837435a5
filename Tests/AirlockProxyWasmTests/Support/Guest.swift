import Airlock
import AirlockProxyWasm

/// Text modules of filters.
///
/// A prelude imports every host function under its name without `proxy_`, exports the memory, a version and an
/// allocator, and has functions that write to the log: `$say` a text, `$note` a letter and a number, `$show` the
/// bytes that a host function handed over at `@result`. `@"text"` in a body stands for the two constants that name
/// the text's bytes.
struct Guest {
    /// Where the guest wants pointer, size and other results of host functions: three places of four bytes.
    static let result = "(i32.const 16) (i32.const 20)"

    static func wat(
        _ body: String,
        marker: String = "proxy_abi_version_0_2_1",
        allocator: String = "malloc",
        memory: String = #"(memory (export "memory") 16)"#
    ) -> PluginSource {
        var texts = Texts()
        let body = texts.replace(in: body.replacing("@result", with: result))
        return .wat(
            """
            (module
            \(imports)
            \(memory)
            \(texts.data)
            (global $heap (mut i32) (i32.const 65536))
            (func $malloc (export "\(allocator)") (param $n i32) (result i32)
              (local $p i32)
              (local.set $p (global.get $heap))
              (global.set $heap (i32.and (i32.add (i32.add (local.get $p) (local.get $n)) (i32.const 7)) (i32.const -8)))
              (if (i32.gt_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))) (then (return (i32.const 0))))
              (local.get $p))
            (func (export "\(marker)"))
            \(logging)
            \(body)
            )
            """)
    }

    /// The bytes of a map as a guest passes them, for a text.
    static func bytes(of map: HeaderMap) -> String {
        func number(_ value: Int) -> String {
            (0..<4).map { "\\" + hex(UInt8(truncatingIfNeeded: value >> ($0 * 8))) }.joined()
        }
        func hex(_ byte: UInt8) -> String { String(byte >> 4, radix: 16) + String(byte & 15, radix: 16) }
        func count(_ text: String) -> Int { text.utf8.count - 2 * text.utf8.count(where: { $0 == UInt8(ascii: "\\") }) }
        let lengths = map.map { number(count($0.name)) + number(count($0.value)) }.joined()
        return number(map.count) + lengths + map.map { "\($0.name)\\00\($0.value)\\00" }.joined()
    }

    private static let logging = """
        (func $say (param $p i32) (param $n i32)
          (drop (call $log (i32.const 2) (local.get $p) (local.get $n))))
        (func $show (call $say (i32.load (i32.const 16)) (i32.load (i32.const 20))))
        ;; Writes the digits backwards from address 60, and before them the letter and "=".
        (func $note (param $letter i32) (param $value i32)
          (local $p i32)
          (local.set $p (i32.const 60))
          (loop $more
            (local.set $p (i32.sub (local.get $p) (i32.const 1)))
            (i32.store8 (local.get $p) (i32.add (i32.const 48) (i32.rem_u (local.get $value) (i32.const 10))))
            (local.set $value (i32.div_u (local.get $value) (i32.const 10)))
            (br_if $more (local.get $value)))
          (i32.store8 (i32.sub (local.get $p) (i32.const 1)) (i32.const 61))
          (i32.store8 (i32.sub (local.get $p) (i32.const 2)) (local.get $letter))
          (call $say (i32.sub (local.get $p) (i32.const 2)) (i32.add (i32.sub (i32.const 60) (local.get $p)) (i32.const 2))))
        """

    private static let imports: String = {
        let functions: [(name: String, parameters: String)] = [
            ("log", "iii"), ("get_log_level", "i"), ("get_current_time_nanoseconds", "i"),
            ("set_tick_period_milliseconds", "i"), ("get_buffer_status", "iii"), ("get_buffer_bytes", "iiiii"),
            ("set_buffer_bytes", "iiiii"), ("get_header_map_size", "ii"), ("get_header_map_pairs", "iii"),
            ("set_header_map_pairs", "iii"), ("get_header_map_value", "iiiii"), ("add_header_map_value", "iiiii"),
            ("replace_header_map_value", "iiiii"), ("remove_header_map_value", "iii"), ("continue_stream", "i"),
            ("close_stream", "i"), ("send_local_response", "iiiiiiii"), ("set_effective_context", "i"), ("done", ""),
            ("get_property", "iiii"), ("set_property", "iiii"), ("get_shared_data", "iiiii"),
            ("set_shared_data", "iiiii"), ("define_metric", "iiii"), ("increment_metric", "iI"),
            ("record_metric", "iI"),
            ("get_metric", "ii"), ("http_call", "iiiiiiiiii"), ("get_status", "iii"),
            ("grpc_call", "iiiiiiiiiiii"), ("grpc_stream", "iiiiiiiii"), ("grpc_send", "iiii"), ("grpc_cancel", "i"),
            ("grpc_close", "i"), ("register_shared_queue", "iii"), ("resolve_shared_queue", "iiiii"),
            ("enqueue_shared_queue", "iii"), ("dequeue_shared_queue", "iii"), ("call_foreign_function", "iiiiii"),
            ("get_configuration", "ii"), ("continue_request", ""), ("continue_response", ""), ("clear_route_cache", ""),
        ]
        return functions.map { name, parameters in
            let types = parameters.map { $0 == "i" ? "i32" : "i64" }.joined(separator: " ")
            return #"(import "env" "proxy_\#(name)" (func $\#(name) (param \#(types)) (result i32)))"#
        }.joined(separator: "\n")
    }()
}

/// The texts of a module, each at its place in a data segment from address 1024 on.
private struct Texts {
    private var places: [String: Int] = [:]
    private var end = 1024
    private(set) var data = ""

    mutating func replace(in body: String) -> String {
        var result = ""
        var rest = Substring(body)
        while let start = rest.firstRange(of: "@\"") {
            result += rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            guard let close = rest.firstIndex(of: "\"") else { break }
            let text = String(rest[..<close])
            rest = rest[rest.index(after: close)...]
            result += "(i32.const \(place(of: text))) (i32.const \(Self.byteCount(text)))"
        }
        return result + rest
    }

    private mutating func place(of text: String) -> Int {
        if let known = places[text] { return known }
        let place = end
        places[text] = place
        data += "(data (i32.const \(place)) \"\(text)\")\n"
        end += Self.byteCount(text) + 1
        return place
    }

    /// Escapes of the text format are a backslash and two digits for one byte.
    private static func byteCount(_ text: String) -> Int {
        text.utf8.count - 2 * text.utf8.count(where: { $0 == UInt8(ascii: "\\") })
    }
}
