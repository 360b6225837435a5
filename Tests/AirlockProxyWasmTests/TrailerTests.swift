import AirlockProxyWasm
import Testing

@Suite("Trailers")
struct TrailerTests {
    @Test("Trailers are read and changed in both directions")
    func change() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_trailers") (param $id i32) (param $count i32) (result i32)
                      (call $note (i32.const 99) (local.get $count))
                      (drop (call $get_header_map_value (i32.const 1) @"sum" @result)) (call $show)
                      (drop (call $add_header_map_value (i32.const 1) @"more" @"1")) (i32.const 0))
                    (func (export "proxy_on_response_trailers") (param $id i32) (param $count i32) (result i32)
                      (drop (call $replace_header_map_value (i32.const 3) @"sum" @"b"))
                      (call $note (i32.const 97) (call $add_header_map_value (i32.const 3) @":status" @"200"))
                      (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestTrailers(["sum": "a"]).forwarded == ["sum": "a", "more": "1"])
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            #expect(await stream.responseTrailers(["sum": "a"]).forwarded == ["sum": "b"])
            #expect(filters.log.messages == ["c=1", "a", "a=2"])
            await stream.finish()
        }
    }

    @Test("Trailers let go of a body that is held back, before them")
    func body() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))
                    (func (export "proxy_on_request_trailers") (param i32 i32) (result i32) (i32.const 0))
                    """), name: "holds")
            let next = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_body") (param $id i32) (param $size i32) (param $end i32) (result i32)
                      (call $note (i32.const 115) (local.get $size)) (i32.const 0))
                    (func (export "proxy_on_request_trailers") (param i32 i32) (result i32) (call $say @"trailers") (i32.const 0))
                    """), name: "next")
            let stream = await filters.stream(filter, next)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("body").forwarded == "")
            let outcome = await stream.requestTrailers(["x": "y"])
            #expect(outcome.body == "body")
            #expect(outcome.forwarded == ["x": "y"])
            #expect(filters.log.messages == ["s=4", "trailers"])
            await stream.finish()
        }
    }

    @Test("A filter that let the body go can append to it in front of the trailers")
    func append() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (i32.const 0))
                    (func (export "proxy_on_response_trailers") (param i32 i32) (result i32)
                      (call $note (i32.const 97) (call $set_buffer_bytes (i32.const 1) (i32.const -1) (i32.const 0) @"tail"))
                      (i32.const 0))
                    """), name: "appends")
            let next = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_response_body") (param $id i32) (param $size i32) (param $end i32) (result i32)
                      (call $note (i32.const 115) (local.get $size)) (i32.const 0))
                    (func (export "proxy_on_response_trailers") (param i32 i32) (result i32) (call $say @"trailers") (i32.const 0))
                    """), name: "next")
            let stream = await filters.stream(next, filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            #expect(await stream.responseBody("head ").forwarded == "head ")
            let outcome = await stream.responseTrailers(["x": "y"])
            #expect(outcome.body == "tail")
            #expect(outcome.forwarded == ["x": "y"])
            #expect(filters.log.messages == ["s=5", "a=0", "s=4", "trailers"])
            await stream.finish()
        }
    }

    @Test("A message without trailers has none")
    func absent() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 103) (call $get_header_map_value (i32.const 1) @"x" @result))
                      (call $note (i32.const 97) (call $add_header_map_value (i32.const 1) @"x" @"y"))
                      (call $note (i32.const 112) (call $get_header_map_pairs (i32.const 1) @result))
                      (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(filters.log.messages == ["g=2", "a=2", "p=0"])
            await stream.finish()
        }
    }
}
