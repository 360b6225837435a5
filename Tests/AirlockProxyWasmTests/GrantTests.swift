import Airlock
import AirlockProxyWasm
import Testing

@Suite("Grants of filters")
struct GrantTests {
    @Test("A function that was not granted answers 10, a WASI function 76, and does nothing")
    func refused() async throws {
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"x" @"y"))
              (call $note (i32.const 115) (call $set_shared_data @"x" @"y" (i32.const 0)))
              (call $note (i32.const 112) (call $get_property @"plugin_name" @result))
              (call $note (i32.const 112) (call $set_property @"x" @"y"))
              (call $note (i32.const 113) (call $register_shared_queue @"x" (i32.const 24)))
              (call $note (i32.const 109) (call $define_metric (i32.const 0) @"x" (i32.const 24)))
              (call $note (i32.const 116) (call $set_tick_period_milliseconds (i32.const 1)))
              (call $note (i32.const 114) (call $send_local_response (i32.const 200) @"" @"" @"" (i32.const -1)))
              (call $note (i32.const 99) (call $get_current_time_nanoseconds (i32.const 24)))
              (call $note (i32.const 98) (call $get_buffer_bytes (i32.const 0) (i32.const 0) (i32.const 1) @result))
              (call $note (i32.const 98) (call $set_buffer_bytes (i32.const 0) (i32.const 0) (i32.const 1) @"x"))
              (i32.const 0))
            """)
        try await withFilters { filters in
            let filter = try await filters.load(source) { $0.grants = [.log] }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            #expect(filters.log.messages == ["a", "s", "p", "p", "q", "m", "t", "r", "c", "b", "b"].map { $0 + "=10" })
        }
    }

    @Test("Without a grant for the log nothing of the filter is in it")
    func silent() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $say @"text") (i32.const 0))"#
                )
            ) { $0.grants = [] }
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            #expect(!filters.log.messages.contains("text"))
        }
    }

    @Test("Further capabilities give host functions beside the ABI's")
    func capabilities() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                .wat(
                    """
                    (module
                      (import "example" "answer" (func $answer (result i32)))
                      (memory (export "memory") 1)
                      (func (export "malloc") (param i32) (result i32) (i32.const 1024))
                      (func (export "proxy_abi_version_0_2_1"))
                      (func (export "proxy_on_configure") (param i32 i32) (result i32) (i32.eq (call $answer) (i32.const 42))))
                    """)
            ) { $0.capabilities = [Answer(value: 42)] }
            #expect(await filter.status().readyLoops == 1)
        }
    }
}

/// A host function with a value of its own.
private struct Answer: Capability {
    static let id: CapabilityID = "example:answer"
    let value: Int32
    static let functions = HostFunctions<Self>(module: "example") {
        HostFunction("answer") { (answer, call) throws(HostError) -> Int32 in answer.value }
    }
}
