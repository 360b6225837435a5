import Airlock
import AirlockProxyWasm
import Testing

@Suite("Bodies")
struct BodyTests {
    /// A filter whose body callback of the request does `body`; `$size` and `$end` are its arguments.
    private func onRequestBody(_ body: String) -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_request_body") (param $id i32) (param $size i32) (param $end i32) (result i32)
              \(body))
            """)
    }

    private let pauseUntilEnd = "(call $note (i32.const 115) (local.get $size)) (i32.eqz (local.get $end))"

    @Test("A streamed body passes piece by piece")
    func streamed() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestBody(
                    "(call $note (i32.const 115) (local.get $size)) (call $note (i32.const 101) (local.get $end)) (i32.const 0)"
                ))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("abc").forwarded == "abc")
            #expect(await stream.requestBody("de").forwarded == "de")
            #expect(await stream.requestBody("", endOfStream: true).forwarded == "")
            #expect(filters.log.messages == ["s=3", "e=0", "s=2", "e=0", "s=0", "e=1"])
            await stream.finish()
        }
    }

    @Test("A body that is held back, in one way or another, grows, and goes on as a whole", arguments: [1, 2])
    func buffered(answer: Int) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestBody(
                    "(call $note (i32.const 115) (local.get $size)) (select (i32.const 0) (i32.const \(answer)) (local.get $end))"
                ))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("abc").forwarded == "")
            #expect(await stream.requestBody("de").forwarded == "")
            #expect(await stream.requestBody("f", endOfStream: true).forwarded == "abcdef")
            #expect(filters.log.messages == ["s=3", "s=5", "s=6"])
            await stream.finish()
        }
    }

    @Test("What one filter holds back, the next one sees when it is let go")
    func chain() async throws {
        try await withFilters { filters in
            let first = try await filters.load(onRequestBody(pauseUntilEnd), name: "first")
            let second = try await filters.load(
                onRequestBody("(call $note (i32.const 50) (local.get $size)) (i32.const 0)"), name: "second")
            let stream = await filters.stream(first, second)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("abc").forwarded == "")
            #expect(await stream.requestBody("de", endOfStream: true).forwarded == "abcde")
            #expect(filters.log.messages == ["s=3", "s=5", "2=5"])
            await stream.finish()
        }
    }

    @Test(
        "Reads are clamped to what there is",
        arguments: [
            (0, 3, "abc"), (2, 100, "cdef"), (0, 0x7FFF_FFFF, "abcdef"), (6, 5, ""), (100, 5, ""), (3, 0, ""),
            (1, -1, "bcdef"), (-1, -1, ""),
        ]
    )
    func read(start: Int, length: Int, expected: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestBody(
                    """
                    (call $note (i32.const 103)
                      (call $get_buffer_bytes (i32.const 0) (i32.const \(start)) (i32.const \(length)) @result))
                    (call $show) (i32.const 0)
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            _ = await stream.requestBody("abcdef", endOfStream: true)
            #expect(filters.log.messages == ["g=0", expected])
            await stream.finish()
        }
    }

    @Test("Buffers that are not there are refused, or empty where they may come")
    func refusedReads() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestBody(
                    """
                    (call $note (i32.const 103) (call $get_buffer_bytes (i32.const 1) (i32.const 0) (i32.const 9) @result))
                    (call $note (i32.const 103) (call $get_buffer_bytes (i32.const 4) (i32.const 0) (i32.const 9) @result))
                    (call $note (i32.const 103) (call $get_buffer_bytes (i32.const 9) (i32.const 0) (i32.const 9) @result))
                    (call $note (i32.const 103) (call $get_buffer_status (i32.const 1) @result))
                    (call $note (i32.const 103) (call $get_buffer_status (i32.const 0) @result))
                    (call $note (i32.const 115) (i32.load (i32.const 16)))
                    (call $note (i32.const 119) (call $set_buffer_bytes (i32.const 1) (i32.const 0) (i32.const 0) @"x"))
                    (call $note (i32.const 119) (call $set_buffer_bytes (i32.const 6) (i32.const 0) (i32.const 0) @"x"))
                    (i32.const 0)
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("abcdef", endOfStream: true).forwarded == "abcdef")
            #expect(filters.log.messages == ["g=0", "g=1", "g=2", "g=0", "g=0", "s=6", "w=2", "w=2"])
            await stream.finish()
        }
    }

    @Test(
        "A body is changed in front, behind, in part and as a whole",
        arguments: [
            (0, 0, "_abcdef"), (6, 0, "abcdef_"), (100, 7, "abcdef_"), (0, 6, "_"), (0, -1, "_"), (2, 2, "ab_ef"),
            (4, 100, "abcd_"), (0, 1, "_bcdef"),
        ]
    )
    func write(start: Int, length: Int, expected: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequestBody(
                    """
                    (call $note (i32.const 119)
                      (call $set_buffer_bytes (i32.const 0) (i32.const \(start)) (i32.const \(length)) @"_"))
                    (i32.const 0)
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("abcdef", endOfStream: true).forwarded == expected)
            #expect(filters.log.messages == ["w=0"])
            await stream.finish()
        }
    }

    @Test("A body that is held back beyond the limit ends the request with 413")
    func requestLimit() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 8)) { filters in
            let filter = try await filters.load(onRequestBody("(i32.const 1)"))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("12345678").forwarded == "")
            let reply = await stream.requestBody("9").reply
            #expect(reply?.status == 413)
            #expect(reply?.details == "request_body_too_large")
            await stream.finish()
        }
    }

    @Test("A response that is held back beyond the limit is reset, because its headers are out")
    func responseLimit() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 8)) { filters in
            let filter = try await filters.load(
                Guest.wat(#"(func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (i32.const 1))"#))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            let reply = await stream.responseBody("123456789").reply
            #expect(reply?.status == 500)
            #expect(reply?.resetsStream == true)
            await stream.finish()
        }
    }

    @Test("A filter may make a body larger than it may hold back")
    func larger() async throws {
        let limits = ProxyWasmRuntimeLimits(bodyBytes: 4, madeBodyBytes: 8)
        try await withFilters(limits: limits) { filters in
            let filter = try await filters.load(
                onRequestBody(
                    """
                    (call $note (i32.const 119) (call $set_buffer_bytes (i32.const 0) (i32.const 0) (i32.const -1) @"12345678"))
                    (call $note (i32.const 119) (call $set_buffer_bytes (i32.const 0) (i32.const 0) (i32.const -1) @"123456789"))
                    (i32.const 0)
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("abcd", endOfStream: true).forwarded == "12345678")
            #expect(filters.log.messages == ["w=0", "w=2"])
            await stream.finish()
        }
    }

    @Test("A filter cannot make a body larger than the limit, but a larger one may pass")
    func writeLimit() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(madeBodyBytes: 4)) { filters in
            let filter = try await filters.load(
                onRequestBody(
                    """
                    (call $note (i32.const 119) (call $set_buffer_bytes (i32.const 0) (i32.const 0) (i32.const 0) @"xyz"))
                    (i32.const 0)
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("123456").forwarded == "123456")
            #expect(await stream.requestBody("12").forwarded == "12")
            #expect(await stream.requestBody("1").forwarded == "xyz1")
            #expect(filters.log.messages == ["w=2", "w=2", "w=0"])
            await stream.finish()
        }
    }

    @Test("A body can be dropped, also by an answer that nobody knows", arguments: [3, 4, -1])
    func discarded(answer: Int) async throws {
        try await withFilters { filters in
            // 3 is "stop and do not buffer"; the last part goes on alone.
            let filter = try await filters.load(
                onRequestBody("(select (i32.const 0) (i32.const \(answer)) (local.get $end))"))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("dropped").forwarded == "")
            #expect(await stream.requestBody("kept", endOfStream: true).forwarded == "kept")
            await stream.finish()
        }
    }

    @Test("A response's body passes in reverse order and can be replaced")
    func response() async throws {
        try await withFilters { filters in
            func appending(_ letter: String) -> PluginSource {
                Guest.wat(
                    """
                    (func (export "proxy_on_response_body") (param $id i32) (param $size i32) (param $end i32) (result i32)
                      (drop (call $set_buffer_bytes (i32.const 1) (local.get $size) (i32.const 0) @"\(letter)"))
                      (i32.const 0))
                    """)
            }
            let a = try await filters.load(appending("a"), name: "a")
            let b = try await filters.load(appending("b"), name: "b")
            let stream = await filters.stream(a, b)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            #expect(await stream.responseBody("body ").forwarded == "body ba")
            #expect(await stream.responseBody("", endOfStream: true).forwarded == "ba")
            await stream.finish()
        }
    }

    @Test("A chain says whether bodies are read or changed")
    func exports() async throws {
        try await withFilters { filters in
            let request = try await filters.load(onRequestBody("(i32.const 0)"), name: "request")
            let none = try await filters.load(Guest.wat(""), name: "none")
            let chain = HTTPFilterChain([none, request], runtime: filters.runtime)
            #expect(chain.filtersRequestBody)
            #expect(!chain.filtersResponseBody)
            #expect(!none.exportsRequestBody)
            let stream = await chain.openStream()
            try await request.reload(from: Guest.wat(""))
            #expect(!chain.filtersRequestBody)
            // The stream stays on the version that it began on.
            #expect(stream.filtersRequestBody)
            #expect(!stream.filtersResponseBody)
            await stream.finish()
        }
    }
}
