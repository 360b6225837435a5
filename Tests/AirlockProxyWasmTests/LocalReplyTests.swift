import Airlock
import AirlockProxyWasm
import AirlockTesting
import Testing

@Suite("Local replies")
struct LocalReplyTests {
    /// Sends 403 with a body, a header and details.
    private static let forbid = #"""
        (drop (call $send_local_response (i32.const 403) @"because" @"{}"
          @"\01\00\00\00\0c\00\00\00\10\00\00\00content-type\00application/json\00" (i32.const 7)))
        """#

    private func filter(_ callback: String, parameters: String = "i32 i32 i32", _ more: String = "") -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_\(callback)") (param \(parameters)) (result i32) \(Self.forbid) (i32.const 0))
            \(more)
            """)
    }

    /// A response filter that says what it sees and adds a header.
    private let witness = """
        (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
          (drop (call $get_header_map_value (i32.const 2) @":status" @result)) (call $show)
          (drop (call $add_header_map_value (i32.const 2) @"x-seen" @"yes")) (i32.const 0))
        (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
          (drop (call $get_buffer_bytes (i32.const 1) (i32.const 0) (i32.const 100) @result)) (call $show)
          (drop (call $set_buffer_bytes (i32.const 1) (i32.const 0) (i32.const 0) @"!")) (i32.const 0))
        """

    /// Refuses its first request at a tick.
    private static let impatient = Guest.wat(
        """
        (global $stream (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (global.set $stream (local.get 0))
          (drop (call $set_tick_period_milliseconds (i32.const 1)))
          (i32.const 0))
        (func (export "proxy_on_tick") (param i32)
          (drop (call $set_tick_period_milliseconds (i32.const 0)))
          (drop (call $set_effective_context (global.get $stream)))
          (drop (call $send_local_response (i32.const 504) @"" @"late" @"" (i32.const -1))))
        """)

    @Test("A reply from a tick is told to who waits for one while the upstream is asked")
    func byItself() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Self.impatient)
            let stream = await filters.stream(filter)
            #expect(stream.mayReplyByItself)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            let reply = await stream.replyByItself()
            #expect(reply?.status == 504)
            #expect(await stream.replyByItself() == reply)
            await stream.finish()
        }
    }

    @Test("Who waits for a reply is told of the stream's end, and leaves off when cancelled, which the stream outlives")
    func noneByItself() async throws {
        try await withFilters { filters in
            let waiting = try await filters.load(
                Guest.wat("(func (export \"proxy_on_tick\") (param i32))"), name: "waiting")
            let stream = await filters.stream(waiting)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            let cancelled = Task { await stream.replyByItself() }
            cancelled.cancel()
            #expect(await cancelled.value == nil)
            let ended = Task { await stream.replyByItself() }
            #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
            await stream.finish()
            #expect(await ended.value == nil)
            let other = await filters.stream(
                try await filters.load(
                    Guest.wat(
                        "(func (export \"proxy_on_request_headers\") (param i32 i32 i32) (result i32) (i32.const 0))"),
                    name: "other"))
            #expect(!other.mayReplyByItself)
            #expect(await other.replyByItself() == nil)
            await other.finish()
        }
    }

    @Test("A reply to request headers passes the response filters that saw the request, the sender's own as well")
    func requestHeaders() async throws {
        try await withFilters { filters in
            let before = try await filters.load(
                Guest.wat(
                    #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))"#
                        + witness),
                name: "before")
            let sender = try await filters.load(filter("request_headers", witness), name: "sender")
            let after = try await filters.load(Guest.wat(witness), name: "after")
            let stream = await filters.stream(before, sender, after)
            let reply = await stream.requestHeaders(getRequest, endOfStream: true).reply
            #expect(reply?.status == 403)
            #expect(reply?.details == "because")
            #expect(reply.map { String(decoding: $0.body, as: UTF8.self) } == "!!{}")
            #expect(
                reply?.headers == [
                    "content-type": "application/json", "content-length": "4", "x-seen": "yes", "x-seen": "yes",
                ])
            #expect(reply?.grpcStatus == 7)
            #expect(reply?.resetsStream == false)
            #expect(
                filters.log.guestLines.map { [$0.filter, $0.message] } == [
                    ["sender", "403"], ["before", "403"], ["sender", "{}"], ["before", "!{}"],
                ])
            let report = await stream.finish()
            #expect(report.replyDetails == "because")
            #expect(report.filters.map(\.usage.calls) == [3, 3, 0])
        }
    }

    @Test("A reply to the request's body or trailers does as well", arguments: ["request_body", "request_trailers"])
    func later(callback: String) async throws {
        try await withFilters { filters in
            let parameters = callback == "request_body" ? "i32 i32 i32" : "i32 i32"
            let sender = try await filters.load(filter(callback, parameters: parameters, witness))
            let stream = await filters.stream(sender)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            var reply = await stream.requestBody("b").reply
            if reply == nil { reply = await stream.requestTrailers(["x": "y"]).reply }
            #expect(reply?.status == 403)
            #expect(reply?.headers["x-seen"] == "yes")
            // Whatever comes later gets the same answer.
            #expect(await stream.requestBody("c", endOfStream: true).reply == reply)
            #expect(await stream.responseHeaders(okResponse, endOfStream: true).reply == reply)
            await stream.finish()
        }
    }

    @Test("A reply in place of response headers goes out as it is")
    func responseHeaders() async throws {
        try await withFilters { filters in
            let other = try await filters.load(Guest.wat(witness), name: "other")
            let sender = try await filters.load(filter("response_headers"), name: "sender")
            let stream = await filters.stream(other, sender)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            let reply = await stream.responseHeaders(okResponse, endOfStream: false).reply
            #expect(reply?.status == 403)
            #expect(reply?.headers["x-seen"] == nil)
            #expect(reply?.resetsStream == false)
            await stream.finish()
        }
    }

    @Test("A reply in place of a response has a type as any other")
    func inPlaceOfResponse() async throws {
        let source = Guest.wat(
            """
            (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
              (drop (call $send_local_response (i32.const 502) @"" @"bad" @"" (i32.const -1))) (i32.const 0))
            """)
        try await withFilters { filters in
            let stream = await filters.stream(try await filters.load(source))
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            let reply = await stream.responseHeaders(okResponse, endOfStream: false).reply
            #expect(reply?.status == 502)
            #expect(reply?.headers == ["content-type": "text/plain", "content-length": "3"])
            await stream.finish()
        }
    }

    @Test("A filter that the request did not reach logs it all the same")
    func logged() async throws {
        let logging = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $say @"seen") (i32.const 0))
            (func (export "proxy_on_log") (param i32)
              (drop (call $get_header_map_value (i32.const 0) @":path" @result)) (call $show)
              (drop (call $get_header_map_value (i32.const 2) @":status" @result)) (call $show))
            (func (export "proxy_on_delete") (param i32) (call $say @"gone"))
            """)
        try await withFilters { filters in
            let sender = try await filters.load(filter("request_headers"), name: "sender")
            let stream = await filters.stream(sender, try await filters.load(logging, name: "logging"))
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 403)
            await stream.finish()
            #expect(filters.log.messages == ["/a?b=c", "403", "gone"])
            // No request came that could be logged.
            await (await filters.stream(sender, try await filters.load(logging, name: "logging"))).finish()
            #expect(filters.log.messages.count == 3)
        }
    }

    @Test("A reply behind response headers that are out resets the stream")
    func responseBody() async throws {
        try await withFilters { filters in
            let sender = try await filters.load(filter("response_body"))
            let stream = await filters.stream(sender)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            let reply = await stream.responseBody("b").reply
            #expect(reply?.status == 403)
            #expect(reply?.resetsStream == true)
            await stream.finish()
        }
    }

    @Test("A tick can answer a request that its filter holds back")
    func tick() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (global $id (mut i32) (i32.const 0))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (global.set $id (local.get 0))
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_tick") (param i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 0)))
                      (drop (call $set_effective_context (global.get $id)))
                      (call $note (i32.const 99) (call $set_effective_context (i32.const 0)))
                      ;; The filter itself has no request.
                      (call $note (i32.const 103) (call $get_header_map_value (i32.const 0) @":path" @result))
                      (drop (call $set_effective_context (global.get $id)))
                      \(Self.forbid))
                    """))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 403)
            #expect(filters.log.messages == ["c=0", "g=2"])
            await stream.finish()
        }
    }

    @Test("The first reply counts, and a plain one gets a type and a length")
    func first() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"""
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 115)
                        (call $send_local_response (i32.const 401) @"" @"no" (i32.const 0) (i32.const 0) (i32.const -1)))
                      (call $note (i32.const 115)
                        (call $send_local_response (i32.const 500) @"" @"" (i32.const 0) (i32.const 0) (i32.const -1)))
                      (i32.const 1))
                    """#))
            let stream = await filters.stream(filter)
            let reply = await stream.requestHeaders(getRequest, endOfStream: true).reply
            #expect(reply?.status == 401)
            #expect(reply?.headers == ["content-type": "text/plain", "content-length": "2"])
            #expect(reply?.grpcStatus == -1)
            #expect(filters.log.messages == ["s=0", "s=0"])
            await stream.finish()
        }
    }

    @Test(
        "A reply has the status of a final response",
        arguments: [(99, 500), (100, 500), (200, 200), (700, 700), (1_000, 500), (-1, 500)])
    func status(asked: Int, sent: UInt32) async throws {
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (call $note (i32.const 115)
                (call $send_local_response (i32.const \(asked)) @"" @"" @"" (i32.const -1)))
              (i32.const 1))
            """)
        try await withFilters { filters in
            let stream = await filters.stream(try await filters.load(source))
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == sent)
            #expect(filters.log.messages == ["s=0"])
            await stream.finish()
        }
    }

    @Test("A reply that is none is refused: headers that would split it, a body over the limit")
    func refused() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(madeBodyBytes: 16)) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"""
                    (func $send (param i32 i32 i32 i32 i32)
                      (call $note (i32.const 115) (call $send_local_response (local.get 0) @"d"
                        (local.get 1) (local.get 2) (local.get 3) (local.get 4) (i32.const -1))))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $send (i32.const 200) (i32.const 0) (i32.const 17) @"")
                      (call $send (i32.const 200) @"b" @"\01\00\00\00\01\00\00\00\03\00\00\00a\00b\0d\0a\00")
                      (call $send (i32.const 200) (i32.const -8) (i32.const 8) @"")
                      (call $send (i32.const 200) (i32.const -8) (i32.const 16) @"")
                      (i32.const 0))
                    """#))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(filters.log.messages == ["s=2", "s=2", "s=6", "s=6"])
            await stream.finish()
        }
    }

    @Test(
        "A reply to a gRPC request has its status and its message in fields",
        arguments: [(401, -1, "16"), (503, -1, "14"), (418, -1, "2"), (403, 9, "9"), (200, 0, "0")])
    func grpc(status: Int, grpcStatus: Int, expected: String) async throws {
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (drop (call $send_local_response (i32.const \(status)) @"d" @"50% \\0a" @"\(Guest.bytes(of: ["x-a": "1"]))"
                (i32.const \(grpcStatus))))
              (i32.const 1))
            """)
        try await withFilters { filters in
            let filter = try await filters.load(source)
            for type in ["application/grpc", "application/grpc+proto"] {
                let stream = await filters.stream(filter)
                var headers = getRequest
                headers["content-type"] = type
                let reply = await stream.requestHeaders(headers, endOfStream: false).reply
                #expect(reply?.status == 200)
                #expect(reply?.body == [])
                #expect(
                    reply?.headers == [
                        "x-a": "1", "content-type": "application/grpc", "grpc-status": expected,
                        "grpc-message": "50%25 %0A", "content-length": "0",
                    ])
                await stream.finish()
            }
            let stream = await filters.stream(filter)
            var headers = getRequest
            headers["content-type"] = "application/grpc-web"
            #expect(await stream.requestHeaders(headers, endOfStream: false).reply?.status == UInt32(status))
            await stream.finish()
        }
    }

    @Test("Pseudo headers among those of a reply are passed over")
    func pseudoHeaders() async throws {
        let headers = Guest.bytes(of: [":status": "302", "x-a": "1", ":path": "/"])
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (call $note (i32.const 115)
                (call $send_local_response (i32.const 401) @"" @"" @"\(headers)" (i32.const -1)))
              (i32.const 1))
            """)
        try await withFilters { filters in
            let stream = await filters.stream(try await filters.load(source))
            let reply = await stream.requestHeaders(getRequest, endOfStream: true).reply
            #expect(filters.log.messages == ["s=0"])
            #expect(reply?.status == 401)
            #expect(reply?.headers == ["x-a": "1", "content-length": "0"])
            await stream.finish()
        }
    }

    @Test("A filter can close a stream")
    func close() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 99) (call $close_stream (i32.const 2)))
                      (call $note (i32.const 99) (call $continue_stream (i32.const 9)))
                      (call $note (i32.const 99) (call $close_stream (i32.const 0)))
                      (i32.const 0))
                    """ + witness))
            let stream = await filters.stream(filter)
            let reply = await stream.requestHeaders(getRequest, endOfStream: true).reply
            #expect(reply?.resetsStream == true)
            #expect(reply?.details == "closed_by_filter")
            #expect(filters.log.messages == ["c=0", "c=2", "c=0"])
            await stream.finish()
        }
    }
}
