import Airlock
import AirlockProxyWasm
import Testing

@Suite("Allowed capabilities")
struct AllowedCapabilityTests {
    private let source = Guest.wat(
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @":path" @result))
          (call $note (i32.const 115) (call $set_shared_data @"x" @"y" (i32.const 0)))
          (call $note (i32.const 99) (call $continue_stream (i32.const 0)))
          (i32.const 0))
        (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $say @"body") (i32.const 0))
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (call $say @"response") (i32.const 0))
        (func (export "proxy_on_log") (param i32) (call $say @"log"))
        """)

    private func messages(_ change: (inout FilterConfiguration) -> Void) async throws -> [String] {
        var messages: [String] = []
        try await withFilters { filters in
            let filter = try await filters.load(source, change)
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            _ = await stream.requestBody("body", endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: true)
            await stream.finish()
            messages = filters.log.messages
            #expect(filter.exportsRequestBody == messages.contains("body"))
        }
        return messages
    }

    @Test("Functions that are not among them answer 10, and callbacks that are not are not called")
    func restricted() async throws {
        let allowed = try await messages {
            $0.allowedCapabilities = [
                "proxy_log", "proxy_set_shared_data", "proxy_on_request_headers", "proxy_on_log", "nosuch",
            ]
        }
        #expect(allowed == ["g=10", "s=0", "c=10", "log"])
    }

    @Test("Without any, everything is allowed that is granted")
    func unrestricted() async throws {
        let all = try await messages { $0.allowedCapabilities = [] }
        #expect(all == ["g=0", "s=0", "c=0", "body", "response", "log"])
        let granted = try await messages {
            $0.grants = [.log]
            $0.allowedCapabilities = ["proxy_log", "proxy_set_shared_data", "proxy_on_request_headers"]
        }
        #expect(granted == ["g=10", "s=10", "c=10"])
    }

    @Test("They limit what a policy gives")
    func policy() async throws {
        let allowed = try await messages {
            $0.policy = PluginPolicy(
                grants: [ProxyWasmABI(grants: .all)], limits: PluginLimits(deadline: .seconds(60)),
                demandsManifest: false)
            $0.allowedCapabilities = ["proxy_log", "proxy_get_header_map_value", "proxy_on_request_headers"]
        }
        #expect(allowed == ["g=0", "s=10", "c=10"])
    }

    @Test("Filters with other ones share no virtual machine")
    func sharing() async throws {
        let counting = Guest.wat(
            """
            (global $requests (mut i32) (i32.const 0))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
              (call $note (i32.const 110) (global.get $requests)) (i32.const 0))
            """)
        try await withFilters { filters in
            let first = try await filters.load(counting)
            let second = try await filters.load(counting) {
                $0.allowedCapabilities = ["proxy_log", "proxy_on_request_headers"]
            }
            for filter in [first, second] {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            #expect(filters.log.messages == ["n=1", "n=1"])
        }
    }
}
