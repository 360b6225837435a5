import Airlock
import AirlockProxyWasm
import Testing

/// Filters of Proxy-Wasm 0.1.0.
@Suite("Filters of ABI 0.1.0")
struct OldVersionTests {
    private func old(_ body: String) -> PluginSource {
        Guest.wat(body, marker: "proxy_abi_version_0_1_0")
    }

    @Test("Headers callbacks take the context and the number of fields; bodies and trailers are as later")
    func callbacks() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                old(
                    """
                    (func (export "proxy_on_request_headers") (param $id i32) (param $count i32) (result i32)
                      (call $note (i32.const 104) (local.get $count))
                      (drop (call $add_header_map_value (i32.const 0) @"x-old" @"yes")) (i32.const 0))
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 98) (local.get 1)) (call $note (i32.const 101) (local.get 2)) (i32.const 0))
                    (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
                      (call $note (i32.const 116) (local.get 1)) (i32.const 0))
                    (func (export "proxy_on_response_headers") (param i32 i32) (result i32)
                      (call $note (i32.const 114) (local.get 1))
                      (drop (call $replace_header_map_value (i32.const 2) @"content-type" @"text/old")) (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: false).forwarded?["x-old"] == "yes")
            #expect(await stream.requestBody("abc").forwarded == "abc")
            #expect(await stream.requestTrailers(["a": "b"]).forwarded == ["a": "b"])
            #expect(
                await stream.responseHeaders(okResponse, endOfStream: true).forwarded?["content-type"] == "text/old")
            #expect(filters.log.messages == ["h=5", "b=3", "e=0", "t=1", "r=2"])
            #expect(await stream.finish().filters.first?.failure == nil)
        }
    }

    @Test("A field that is absent has an empty value, and in later versions none", arguments: ABIVersion.allCases)
    func absentField(version: ABIVersion) async throws {
        try await withFilters { filters in
            let parameters = version == .v0_1_0 ? "i32 i32" : "i32 i32 i32"
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param \(parameters)) (result i32)
                      (i32.store (i32.const 16) (i32.const 7)) (i32.store (i32.const 20) (i32.const 7))
                      (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @"absent" @result))
                      (call $note (i32.const 112) (i32.load (i32.const 16)))
                      (call $note (i32.const 110) (i32.load (i32.const 20)))
                      (i32.const 0))
                    """, marker: version.rawValue))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == (version == .v0_1_0 ? ["g=0", "p=0", "n=0"] : ["g=1", "p=7", "n=7"]))
            await stream.finish()
        }
    }

    @Test("The configuration is the filter's while it is configured, and the machine's otherwise")
    func configuration() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                old(
                    """
                    (func $tell (drop (call $get_configuration @result)) (call $show))
                    (func (export "proxy_on_vm_start") (param i32 i32) (result i32) (call $tell) (i32.const 1))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $tell) (i32.const 1))
                    (func (export "proxy_on_request_headers") (param i32 i32) (result i32) (call $tell) (i32.const 0))
                    """)
            ) {
                $0.vmConfiguration = Array("machine".utf8)
                $0.configuration = Array("filter settings".utf8)
            }
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["machine", "filter settings", "machine"])
            await stream.finish()
        }
    }

    @Test(
        "A message that is held back goes on by a function of its own", arguments: ["request", "response"])
    func continues(direction: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                old(
                    """
                    (global $id (mut i32) (i32.const 0))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_\(direction)_headers") (param i32 i32) (result i32)
                      (global.set $id (local.get 0)) (call $note (i32.const 114) (call $clear_route_cache)) (i32.const 1))
                    (func (export "proxy_on_tick") (param i32)
                      (if (i32.eqz (global.get $id)) (then (return)))
                      (drop (call $set_effective_context (global.get $id)))
                      (call $note (i32.const 99) (call $continue_\(direction)))
                      (global.set $id (i32.const 0)))
                    """))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
            #expect(filters.log.messages == ["r=0", "c=0"])
            await stream.finish()
        }
    }
}
