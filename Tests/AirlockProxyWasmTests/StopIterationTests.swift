import Airlock
import AirlockProxyWasm
import Testing

/// Filters that hold headers back and look at the body meanwhile.
@Suite("Headers that wait for the body")
struct StopIterationTests {
    private func allowed(_ configuration: inout FilterConfiguration) {
        configuration.allowOnHeadersStopIteration = true
    }

    /// A filter that holds the headers back until it has seen all of the body, and then says so in them.
    private func waiting(_ direction: String, map: Int, answer: Int = 1) -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_\(direction)_headers") (param i32 i32 i32) (result i32)
              (call $say @"headers") (i32.const \(answer)))
            (func (export "proxy_on_\(direction)_body") (param $id i32) (param $size i32) (param $end i32) (result i32)
              (call $note (i32.const 98) (local.get $size))
              (if (i32.eqz (local.get $end)) (then (return (i32.const 1))))
              (call $note (i32.const 97) (call $add_header_map_value (i32.const \(map)) @"x-seen" @"all"))
              (i32.const 0))
            """)
    }

    @Test("A filter sees the body that it asked for, may still change the headers, and lets go of both")
    func request() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(waiting("request", map: 0), allowed)
            let stream = await filters.stream(filter)
            let outcome = await stream.requestHeaders(getRequest, body: Parts("abc", "def"))
            #expect(outcome.forwarded?["x-seen"] == "all")
            #expect(filters.log.messages == ["headers", "b=3", "b=6", "a=0"])
            #expect(await stream.requestBody("", endOfStream: true).forwarded == "abcdef")
            #expect(filters.log.messages.count == 4)
            await stream.finish()
        }
    }

    @Test("So does one of responses, also of a local reply")
    func response() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(waiting("response", map: 2), allowed)
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            let outcome = await stream.responseHeaders(okResponse, body: Parts("abc", "def"))
            #expect(outcome.forwarded?["x-seen"] == "all")
            #expect(await stream.responseBody("", endOfStream: true).forwarded == "abcdef")
            await stream.finish()

            let replying = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $send_local_response (i32.const 403) @"no" @"denied" (i32.const 0) (i32.const 0) (i32.const -1)))
                      (i32.const 1))
                    """), name: "replying")
            let refused = await filters.stream(filter, replying)
            let reply = await refused.requestHeaders(getRequest, endOfStream: true).reply
            #expect(reply?.status == 403)
            #expect(reply?.headers["x-seen"] == "all")
            #expect(reply?.body == Array("denied".utf8))
            await refused.finish()
        }
    }

    @Test(
        "Without the option, and for every other answer that stops, the body waits behind the headers",
        arguments: [1, 3, 4, 5, -1])
    func behind(answer: Int) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(waiting("request", map: 0, answer: answer)) {
                $0.allowOnHeadersStopIteration = answer != 1
                $0.pauseDeadline = .milliseconds(1)
            }
            let stream = await filters.stream(filter)
            let outcome = await stream.requestHeaders(getRequest) {
                Issue.record("the body was asked for")
                return nil
            }
            #expect(outcome.reply?.status == 504)
            #expect(filters.log.messages == ["headers"])
            await stream.finish()
        }
    }

    @Test("Headers without a body wait for the filter alone")
    func noBody() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(waiting("request", map: 0)) {
                allowed(&$0)
                $0.pauseDeadline = .milliseconds(1)
            }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 504)
            await stream.finish()
        }
    }

    @Test("A filter that has no use for the body lets go of the headers with its first part, as in Envoy")
    func noCallback() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#),
                allowed)
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, body: Parts("abc", "def")).forwarded == getRequest)
            #expect(await stream.requestBody("def", endOfStream: true).forwarded == "abcdef")
            await stream.finish()
        }
    }

    @Test(
        "Filters behind it get the headers first, and one that holds those back gets the body after it let go of them")
    func behindIt() async throws {
        try await withFilters { filters in
            let first = try await filters.load(waiting("request", map: 0), name: "first", allowed)
            let second = try await filters.load(
                Guest.wat(
                    """
                    (global $id (mut i32) (i32.const 0))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $say @"behind: headers") (global.set $id (local.get 0)) (i32.const 1))
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                      (call $say @"behind: body") (call $note (i32.const 115) (local.get 1)) (i32.const 0))
                    (func (export "proxy_on_tick") (param i32)
                      (if (i32.eqz (global.get $id)) (then (return)))
                      (drop (call $set_effective_context (global.get $id)))
                      (call $say @"behind: continue")
                      (drop (call $continue_stream (i32.const 0)))
                      (global.set $id (i32.const 0)))
                    """), name: "second")
            let stream = await filters.stream(first, second)
            let outcome = await stream.requestHeaders(getRequest, body: Parts("abc", "def"))
            #expect(outcome.forwarded?["x-seen"] == "all")
            #expect(await stream.requestBody("", endOfStream: true).forwarded == "abcdef")
            #expect(
                filters.log.messages == [
                    "headers", "b=3", "b=6", "a=0", "behind: headers", "behind: continue", "behind: body", "s=6",
                ])
            await stream.finish()
        }
    }

    @Test("What a tick lets go of are the headers and then the body that is held back with them")
    func continued() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (global $id (mut i32) (i32.const 0))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                      (if (local.get 2) (then (global.set $id (local.get 0)))) (i32.const 2))
                    (func (export "proxy_on_tick") (param i32)
                      (if (i32.eqz (global.get $id)) (then (return)))
                      (drop (call $set_effective_context (global.get $id)))
                      (drop (call $continue_stream (i32.const 0))))
                    """), allowed)
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, body: Parts("abc", "def")).forwarded == getRequest)
            #expect(await stream.requestBody("", endOfStream: true).forwarded == "abcdef")
            await stream.finish()
        }
    }

    @Test("A body that never comes ends with the deadline, and one that is too long with 413")
    func ends() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 4)) { filters in
            let filter = try await filters.load(waiting("request", map: 0)) {
                allowed(&$0)
                $0.pauseDeadline = .milliseconds(1)
            }
            let unfinished = await filters.stream(filter)
            let late = await unfinished.requestHeaders(getRequest, body: Parts("a", isWhole: false))
            #expect(late.reply?.status == 504)
            await unfinished.finish()
            let long = await filters.stream(filter)
            #expect(await long.requestHeaders(getRequest, body: Parts("abc", "de")).reply?.status == 413)
            await long.finish()
        }
    }

    @Test("Where the filter fails at the body and may be done without, headers and body go on")
    func failure() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                      (if (local.get 2) (then unreachable)) (i32.const 1))
                    """)
            ) {
                allowed(&$0)
                $0.failurePolicy = .open
            }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, body: Parts("abc", "def")).forwarded == getRequest)
            #expect(await stream.requestBody("", endOfStream: true).forwarded == "abcdef")
            await stream.finish()
        }
    }
}

/// The parts of a body.
private struct Parts {
    var texts: [String]
    /// Whether the last one is the end.
    var isWhole: Bool

    init(_ texts: String..., isWhole: Bool = true) {
        self.texts = texts
        self.isWhole = isWhole
    }

    mutating func next() -> BodyPart? {
        guard !texts.isEmpty else { return nil }
        let text = texts.removeFirst()
        return BodyPart(Array(text.utf8), endOfStream: isWhole && texts.isEmpty)
    }
}

extension HTTPFilterStream {
    fileprivate func requestHeaders(_ headers: HeaderMap, body: Parts) async -> HeadersOutcome {
        var left = body
        return await requestHeaders(headers, showingBody: { left.next() })
    }

    fileprivate func responseHeaders(_ headers: HeaderMap, body: Parts) async -> HeadersOutcome {
        var left = body
        return await responseHeaders(headers, showingBody: { left.next() })
    }
}
