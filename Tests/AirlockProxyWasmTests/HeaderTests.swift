import Airlock
import AirlockProxyWasm
import Testing

@Suite("Headers")
struct HeaderTests {
    /// A filter whose `proxy_on_request_headers` is `body` and continues.
    private func onRequestHeaders(_ body: String) -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param $id i32) (param $count i32) (param $end i32) (result i32)
              \(body)
              (i32.const 0))
            """)
    }

    @Test("A filter sees how many headers there are and whether they are the whole message")
    func arguments() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    "(call $note (i32.const 99) (local.get $count)) (call $note (i32.const 101) (local.get $end))"))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            #expect(filters.log.messages == ["c=5", "e=1"])
        }
    }

    @Test("A value is found under its name in any case; the first one counts; a missing one is 'not found'")
    func get() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    """
                    (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @"X-Twice" @result)) (call $show)
                    (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @":path" @result)) (call $show)
                    (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @"x-empty" @result)) (call $show)
                    (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @"absent" @result))
                    (call $note (i32.const 103) (call $get_header_map_value (i32.const 2) @":status" @result))
                    (call $note (i32.const 103) (call $get_header_map_value (i32.const 8) @":path" @result))
                    """))
            let stream = await filters.stream(filter)
            var headers = getRequest
            headers.append(name: "x-twice", value: "first")
            headers.append(name: "x-twice", value: "second")
            headers.append(name: "x-empty", value: "")
            _ = await stream.requestHeaders(headers, endOfStream: true)
            #expect(filters.log.messages == ["g=0", "first", "g=0", "/a?b=c", "g=0", "", "g=1", "g=2", "g=2"])
            await stream.finish()
        }
    }

    @Test("Headers are added beside others, replaced, created and removed")
    func change() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    """
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"Message" @"one"))
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"message" @"two"))
                    (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @":path" @"/changed"))
                    (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @"x-new" @"made"))
                    (call $note (i32.const 100) (call $remove_header_map_value (i32.const 0) @"accept"))
                    (call $note (i32.const 100) (call $remove_header_map_value (i32.const 0) @"absent"))
                    """))
            let stream = await filters.stream(filter)
            let forwarded = await stream.requestHeaders(getRequest, endOfStream: true).forwarded
            #expect(
                forwarded == [
                    ":authority": "example.test", ":path": "/changed", ":method": "GET", ":scheme": "http",
                    "message": "one", "message": "two", "x-new": "made",
                ])
            #expect(filters.log.messages == ["a=0", "a=0", "r=0", "r=0", "d=0", "d=0"])
            await stream.finish()
        }
    }

    @Test("The host of a request is its authority, in any case, for everything that reads and changes fields")
    func host() async throws {
        let get =
            #"(call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @"Host" @result)) (call $show)"#
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"""
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      \#(get)
                      (call $note (i32.const 103) (call $get_property @"request\00headers\00host" @result)) (call $show)
                      (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @"host" @"a.test"))
                      \#(get)
                      (call $note (i32.const 100) (call $remove_header_map_value (i32.const 0) @"hOst"))
                      (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @":authority" @result))
                      (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"HOST" @"b.test"))
                      \#(get)
                      (call $note (i32.const 115) (call $set_header_map_pairs (i32.const 0)
                        @"\#(Guest.bytes(of: [":path": "/", "host": "c.test"]))"))
                      (i32.const 0))
                    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 97) (call $add_header_map_value (i32.const 2) @"host" @"a field as others"))
                      (i32.const 0))
                    """#))
            let stream = await filters.stream(filter)
            #expect(
                await stream.requestHeaders(getRequest, endOfStream: true).forwarded
                    == [":path": "/", ":authority": "c.test"])
            let response = await stream.responseHeaders(okResponse, endOfStream: true).forwarded
            #expect(response?["host"] == "a field as others")
            await stream.finish()
            #expect(
                filters.log.messages == [
                    "g=0", "example.test", "g=0", "example.test", "r=0", "g=0", "a.test", "d=0", "g=1", "a=0", "g=0",
                    "b.test", "s=0", "a=0",
                ])
        }
    }

    @Test("All headers come as one piece of bytes, whose size can be asked for")
    func pairs() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    """
                    (call $note (i32.const 115) (call $get_header_map_size (i32.const 0) (i32.const 24)))
                    (call $note (i32.const 110) (i32.load (i32.const 24)))
                    (call $note (i32.const 112) (call $get_header_map_pairs (i32.const 0) @result))
                    (call $note (i32.const 110) (i32.load (i32.const 20)))
                    (call $note (i32.const 99) (i32.load (i32.load (i32.const 16))))
                    (drop (call $set_header_map_pairs (i32.const 0) (i32.load (i32.const 16)) (i32.load (i32.const 20))))
                    """))
            let stream = await filters.stream(filter)
            let headers: HeaderMap = [":path": "/", "a": "1", "a": "", "b": "2"]
            // 4 for the count, 10 for each pair, and the texts.
            #expect(await stream.requestHeaders(headers, endOfStream: true).forwarded == headers)
            #expect(filters.log.messages == ["s=0", "n=55", "p=0", "n=55", "c=4"])
            await stream.finish()
        }
    }

    @Test("An empty map is no bytes")
    func emptyMap() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    """
                    (i32.store (i32.const 16) (i32.const 7)) (i32.store (i32.const 20) (i32.const 7))
                    (call $note (i32.const 112) (call $get_header_map_pairs (i32.const 0) @result))
                    (call $note (i32.const 112) (i32.load (i32.const 16)))
                    (call $note (i32.const 110) (i32.load (i32.const 20)))
                    """))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(HeaderMap(), endOfStream: true).forwarded == HeaderMap())
            #expect(filters.log.messages == ["p=0", "p=0", "n=0"])
            await stream.finish()
        }
    }

    @Test("All headers are replaced at once")
    func setPairs() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    #"""
                    (drop (call $set_header_map_pairs (i32.const 0)
                      @"\02\00\00\00\05\00\00\00\01\00\00\00\03\00\00\00\02\00\00\00:path\00/\00X-a\00hi\00"))
                    """#))
            let stream = await filters.stream(filter)
            #expect(
                await stream.requestHeaders(getRequest, endOfStream: true).forwarded == [":path": "/", "x-a": "hi"])
            await stream.finish()
        }
    }

    @Test(
        "A malformed map is an empty one",
        arguments: [
            ("ends early", #"\02\00\00\00\01\00\00\00\01\00\00\00a\00b\00"#),
            ("a length beyond the end", #"\01\00\00\00\01\00\00\00\ff\ff\ff\ffa\00b\00"#),
            ("too many pairs", #"\ff\ff\ff\ff\01\00\00\00"#),
            ("more than 1024 pairs", #"\01\04\00\00\01\00\00\00"#),
            ("no NUL between", #"\01\00\00\00\01\00\00\00\01\00\00\00axbx"#),
            ("something behind", #"\01\00\00\00\01\00\00\00\01\00\00\00a\00b\00z"#),
            ("three bytes", #"\01\00\00"#),
        ]
    )
    func malformed(what: String, bytes: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    #"(call $note (i32.const 115) (call $set_header_map_pairs (i32.const 0) @"\#(bytes)"))"#))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == HeaderMap())
            #expect(filters.log.messages == ["s=0"])
            await stream.finish()
        }
    }

    @Test(
        "What would split a message or is no header is refused, and nothing changes",
        arguments: [
            (#""x-a""#, #""one\0d\0atwo: three""#), (#""x-a""#, #""one\0atwo""#), (#""x-a""#, #""nul\00""#),
            (#""x a""#, #""b""#), (#""x:a""#, #""b""#), (#""x\0d\0aa""#, #""b""#), (#""x-a""#, #""\1f""#),
            (#""x-a""#, #""\7f""#), (#""x-a""#, #""\01""#), (#"":path""#, #""/\09""#), (#"":path""#, #""""#),
            (#"":method""#, #""GET /""#), (#"":status""#, #""200""#), (#"":other""#, #""b""#),
        ]
    )
    func forbidden(name: String, value: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    """
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @\(name) @\(value)))
                    (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @\(name) @\(value)))
                    """))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(filters.log.messages == ["a=2", "r=2"])
            await stream.finish()
        }
    }

    @Test(
        "What Envoy takes and cannot be sent as it is changes its form: doubled pseudo headers, spaces in paths, no names"
    )
    func mended() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    #"""
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @":path" @"/b c d"))
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"" @"v"))
                    (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @"" @"v"))
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"x-tab" @"a\09b"))
                    """#))
            let stream = await filters.stream(filter)
            var expected = getRequest
            expected[":path"] = "/b%20c%20d"
            expected["x-tab"] = "a\tb"
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == expected)
            #expect(filters.log.messages == ["a=0", "a=0", "r=0", "a=0"])
            await stream.finish()
        }
    }

    @Test("Filters make headers larger by so much and no more, however large they came in")
    func limits() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(headerBytes: 80, headerFields: 2)) { filters in
            let filter = try await filters.load(
                onRequestHeaders(
                    #"""
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"x-long" (i32.const 1024) (i32.const 90)))
                    (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @"accept" (i32.const 1024) (i32.const 90)))
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"a" @"1"))
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"b" @"2"))
                    (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"c" @"3"))
                    (call $note (i32.const 114) (call $replace_header_map_value (i32.const 0) @"a" @"4"))
                    """#))
            let stream = await filters.stream(filter)
            var headers = getRequest
            headers.append(name: "x-large", value: String(repeating: "x", count: 200_000))
            let forwarded = await stream.requestHeaders(headers, endOfStream: true).forwarded
            #expect(forwarded?.count == 8)
            #expect(forwarded?["a"] == "4")
            #expect(filters.log.messages == ["a=2", "r=2", "a=0", "a=0", "a=2", "r=0"])
            await stream.finish()
        }
    }

    @Test(
        "Request headers stay readable for as long as the stream lives, but cannot be changed once they were forwarded")
    func later() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func $read (drop (call $get_header_map_value (i32.const 0) @":path" @result)) (call $show)
                      (call $note (i32.const 97) (call $add_header_map_value (i32.const 0) @"x" @"y")))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $read) (i32.const 0))
                    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                      (call $read)
                      (call $note (i32.const 97) (call $add_header_map_value (i32.const 2) @"x" @"y"))
                      (i32.const 0))
                    (func (export "proxy_on_log") (param i32)
                      (call $read)
                      (drop (call $get_header_map_value (i32.const 2) @":status" @result)) (call $show))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded?["x"] == "y")
            await stream.finish()
            #expect(
                filters.log.messages == ["/a?b=c", "a=0", "/a?b=c", "a=2", "a=0", "/a?b=c", "a=2", "200"])
        }
    }

    @Test("Requests pass filters in order, responses in reverse, and each sees what those before it made")
    func chain() async throws {
        try await withFilters { filters in
            func adding(_ letter: String) -> PluginSource {
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $add_header_map_value (i32.const 0) @"x-order" @"\(letter)")) (i32.const 0))
                    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                      (drop (call $add_header_map_value (i32.const 2) @"x-order" @"\(letter)")) (i32.const 0))
                    """)
            }
            let a = try await filters.load(adding("a"), name: "a")
            let b = try await filters.load(adding("b"), name: "b")
            let silent = try await filters.load(Guest.wat(""), name: "silent")
            let stream = await filters.stream(a, silent, b)
            let request = await stream.requestHeaders(getRequest, endOfStream: true).forwarded
            #expect(request?.values(of: "x-order") == ["a", "b"])
            let response = await stream.responseHeaders(okResponse, endOfStream: true).forwarded
            #expect(response?.values(of: "x-order") == ["b", "a"])
            let report = await stream.finish()
            #expect(report.filters.map(\.name) == ["a", "silent", "b"])
            #expect(report.filters.map(\.usage.calls) == [2, 0, 2])
        }
    }

    @Test(
        "A status that a filter sets must be one; that of an interim response becomes 500",
        arguments: ["404", "700", "100"])
    func status(status: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 114) (call $replace_header_map_value (i32.const 2) @":status" @"99"))
                      (call $note (i32.const 114) (call $replace_header_map_value (i32.const 2) @":status" @"2oo"))
                      (call $note (i32.const 114) (call $replace_header_map_value (i32.const 2) @":status" @"\(status)"))
                      (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            let forwarded = await stream.responseHeaders(okResponse, endOfStream: true).forwarded
            #expect(forwarded?[":status"] == (status == "100" ? "500" : status))
            #expect(filters.log.messages == ["r=2", "r=2", "r=0"])
            await stream.finish()
        }
    }
}
