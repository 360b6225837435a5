import Airlock
import AirlockProxyWasm
import Testing

@Suite("Bad pointers of filters")
struct PointerTests {
    /// Runs host calls with hostile arguments in one callback, each of which must answer 6 (invalid memory access).
    private func expectRefusals(of calls: [String]) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      \(calls.map { "(call $note (i32.const 115) \($0))" }.joined(separator: "\n"))
                      (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(await stream.finish().filters.first?.failure == nil)
            #expect(filters.log.messages.count == calls.count)
            for (call, message) in zip(calls, filters.log.messages) {
                #expect(message == "s=6", "\(call)")
            }
        }
    }

    @Test("A range that a function reads must lie in the memory")
    func reads() async throws {
        let calls = [
            "(call $log (i32.const 2) OUT)",
            "(call $get_header_map_value (i32.const 0) OUT @result)",
            #"(call $add_header_map_value (i32.const 0) OUT @"v")"#,
            #"(call $add_header_map_value (i32.const 0) @"k" OUT)"#,
            #"(call $replace_header_map_value (i32.const 0) @"k" OUT)"#,
            "(call $remove_header_map_value (i32.const 0) OUT)",
            "(call $set_header_map_pairs (i32.const 0) OUT)",
            #"(call $send_local_response (i32.const 200) OUT @"b" @"" (i32.const -1))"#,
            #"(call $send_local_response (i32.const 200) @"d" @"b" OUT (i32.const -1))"#,
            "(call $get_property OUT @result)",
            #"(call $set_property @"k" OUT)"#,
            "(call $get_shared_data OUT @result (i32.const 24))",
            #"(call $set_shared_data @"k" OUT (i32.const 0))"#,
            "(call $define_metric (i32.const 0) OUT (i32.const 24))",
        ]
        let ranges = [
            "(i32.const 1048568) (i32.const 9)", "(i32.const -1) (i32.const 1)", "(i32.const -8) (i32.const 16)",
            "(i32.const 0x7fffffff) (i32.const 0)",
        ]
        try await expectRefusals(of: calls.flatMap { call in ranges.map { call.replacing("OUT", with: $0) } })
    }

    @Test("A length beyond the memory is refused")
    func lengths() async throws {
        try await expectRefusals(of: [
            "(call $log (i32.const 2) (i32.const 0) (i32.const 1048577))",
            "(call $remove_header_map_value (i32.const 0) (i32.const 8) (i32.const 1048576))",
            "(call $set_header_map_pairs (i32.const 0) (i32.const 1) (i32.const 1048576))",
            "(call $log (i32.const 2) (i32.const 0) (i32.const -1))",
        ])
    }

    @Test("A place that a function writes must lie in the memory")
    func writes() async throws {
        let calls = [
            "(call $get_header_map_size (i32.const 0) OUT)",
            "(call $get_header_map_pairs (i32.const 0) OUT (i32.const 20))",
            "(call $get_header_map_pairs (i32.const 0) (i32.const 16) OUT)",
            #"(call $get_header_map_value (i32.const 0) @":path" OUT (i32.const 20))"#,
            #"(call $get_header_map_value (i32.const 0) @":path" (i32.const 16) OUT)"#,
            "(call $get_buffer_bytes (i32.const 6) (i32.const 0) (i32.const 1) OUT (i32.const 20))",
            "(call $get_buffer_status (i32.const 6) OUT (i32.const 20))",
            "(call $get_buffer_status (i32.const 6) (i32.const 16) OUT)",
            "(call $get_current_time_nanoseconds OUT)",
            "(call $get_log_level OUT)",
            #"(call $get_property @"plugin_name" OUT (i32.const 20))"#,
            #"(call $define_metric (i32.const 0) @"m" OUT)"#,
        ]
        let places = ["(i32.const 1048573)", "(i32.const -4)", "(i32.const -1)"]
        try await expectRefusals(of: calls.flatMap { call in places.map { call.replacing("OUT", with: $0) } })
    }

    @Test(
        "An allocator that has no memory left, or answers with a bad pointer, costs the value only",
        arguments: ["0", "-8", "1048575"])
    func allocator(pointer: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "malloc") (param i32) (result i32) (i32.const \(pointer)))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 115) (call $get_header_map_pairs (i32.const 0) @result))
                      (call $note (i32.const 115) (call $get_property @"plugin_name" @result))
                      (i32.const 0))
                    """, allocator: "my_malloc"))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(filters.log.messages == ["s=6", "s=6"])
            await stream.finish()
        }
    }

    @Test(
        "An allocator that traps or calls back ends the virtual machine",
        arguments: [
            "unreachable",
            #"(drop (call $get_property @"plugin_name" @result)) (i32.const 8)"#,
        ])
    func failingAllocator(body: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "malloc") (param i32) (result i32) \(body))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $get_header_map_pairs (i32.const 0) @result)) (i32.const 0))
                    """, allocator: "my_malloc"))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            let code = await stream.finish().filters.first?.failure?.code
            #expect(code == (body == "unreachable" ? .trap : .abiViolation))
        }
    }
}
