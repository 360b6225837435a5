import Foundation
import Wasmtime

/// A build of a filter that says on each response which one it is, and what is wrong with it.
struct SoakGuest: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        case good
        /// Good, but needs long until it is configured.
        case slow
        /// Fails each request.
        case trapping
        /// Refuses its configuration.
        case refusing
        /// Wants a function that there is not.
        case unlinkable
        /// Half of a module.
        case truncated
    }

    let kind: Kind
    let build: Int

    /// The name and the number, as they stand in the responses: `good-7`.
    var text: String { "\(kind)-\(build)" }

    /// The module in its binary form. Adds a header `x-` and `filter` with ``text`` to each response.
    func module(filter: String) throws -> Data {
        let name = "x-\(filter)"
        let (configure, requestHeaders, more) =
            switch kind {
            case .good, .truncated: ("(i32.const 1)", "(i32.const 0)", "")
            case .slow:
                (
                    """
                    (local $n i32)
                    (loop $more
                      (local.set $n (i32.add (local.get $n) (i32.const 1)))
                      (br_if $more (i32.lt_u (local.get $n) (i32.const 10000000))))
                    (i32.const 1)
                    """, "(i32.const 0)", ""
                )
            case .trapping: ("(i32.const 1)", "unreachable", "")
            case .refusing: ("(i32.const 0)", "(i32.const 0)", "")
            case .unlinkable:
                ("(i32.const 1)", "(i32.const 0)", #"(import "env" "proxy_of_tomorrow" (func (result i32)))"#)
            }
        let bytes = try Module.binary(
            ofWAT: """
                (module
                  (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
                  \(more)
                  (memory (export "memory") 16)
                  (data (i32.const 0) "\(name)")
                  (data (i32.const 64) "\(text)")
                  (func (export "proxy_abi_version_0_2_1"))
                  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 65536))
                  (func (export "proxy_on_context_create") (param i32 i32))
                  (func (export "proxy_on_configure") (param i32 i32) (result i32) \(configure))
                  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \(requestHeaders))
                  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                    (call $add (i32.const 2) (i32.const 0) (i32.const \(name.utf8.count))
                      (i32.const 64) (i32.const \(text.utf8.count)))))
                """)
        return Data(kind == .truncated ? bytes.prefix(bytes.count / 2) : bytes[...])
    }
}
