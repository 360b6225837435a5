import Airlock
import AirlockProxyWasm
import Synchronization
import TestSupport
import Testing
import WorkerLoop

@Suite("HTTP calls of filters", .timeLimit(.minutes(1)))
struct HTTPCallOutTests {
    private static let request: HeaderMap = [":method": "GET", ":path": "/check", ":authority": "auth.test"]

    /// Holds each request back while it asks the upstream `auth`, then does what `answered` says with the stream's context.
    private func asking(
        _ headers: HeaderMap = request, upstream: String = "auth", timeout: Int = 0,
        answered: String = "(drop (call $continue_stream (i32.const 0)))"
    ) -> PluginSource {
        Guest.wat(
            """
            (global $stream (mut i32) (i32.const 0))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (local $status i32)
              (local.set $status
                (call $http_call @"\(upstream)" @"\(Guest.bytes(of: headers))" @"ask" @"" (i32.const \(timeout)) (i32.const 24)))
              (call $note (i32.const 115) (local.get $status))
              (if (i32.eqz (local.get $status)) (then (global.set $stream (local.get 0))))
              (i32.eqz (local.get $status)))
            (func (export "proxy_on_http_call_response")
              (param $root i32) (param $call i32) (param $headers i32) (param $body i32) (param $trailers i32)
              (if (i32.ne (local.get $call) (i32.load (i32.const 24))) (then (call $say @"another call")))
              (call $note (i32.const 104) (local.get $headers))
              (call $note (i32.const 98) (local.get $body))
              (call $note (i32.const 116) (local.get $trailers))
              (if (local.get $headers) (then
                (drop (call $get_header_map_value (i32.const 6) @":status" @result)) (call $show)))
              (if (local.get $body) (then
                (drop (call $get_buffer_bytes (i32.const 4) (i32.const 0) (i32.const 1000) @result)) (call $show)))
              (drop (call $set_effective_context (global.get $stream)))
              \(answered))
            """)
    }

    @Test("A filter asks an upstream, reads what it answers, and goes on")
    func answered() async throws {
        let upstreams = Upstreams { request, upstream in
            HTTPCallOutResponse(
                headers: [":status": "207", "x-upstream": upstream],
                body: Array("\(request.headers[":path"] ?? "") \(String(decoding: request.body, as: UTF8.self))".utf8),
                trailers: ["a": "b"])
        }
        try await withFilters(callOuts: upstreams) { filters in
            let filter = try await filters.load(asking())
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            #expect(filters.log.messages == ["s=0", "h=2", "b=10", "t=1", "207", "/check ask"])
        }
    }

    /// An actor's own calls are places where others may have it, when the caller's task prefers an executor.
    @Test("An answer that comes while a stream is about to wait for it is not missed")
    func answeredEarly() async throws {
        let upstreams = Upstreams { _, _ in HTTPCallOutResponse(headers: [":status": "200"]) }
        let server = try WorkerLoop(name: "server")
        try await withFilters(callOuts: upstreams) { filters in
            let filter = try await filters.load(asking())
            let replies = await withTaskExecutorPreference(server.taskExecutor) {
                var replies: [LocalReply] = []
                for _ in 1...1_000 {
                    let stream = await filters.stream(filter)
                    if let reply = await stream.requestHeaders(getRequest, endOfStream: true).reply {
                        replies.append(reply)
                    }
                    await stream.finish()
                }
                return replies
            }
            #expect(replies.isEmpty)
        }
        await server.shutdown()
    }

    @Test("The host of a call is its authority")
    func host() async throws {
        let upstreams = Upstreams { request, _ in
            HTTPCallOutResponse(headers: [":status": "200"], body: Array((request.headers[":authority"] ?? "").utf8))
        }
        try await withFilters(callOuts: upstreams) { filters in
            let stream = await filters.stream(
                try await filters.load(asking([":method": "GET", ":path": "/", "host": "auth.test"])))
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            #expect(filters.log.messages.suffix(1) == ["auth.test"])
        }
    }

    @Test("A filter answers the request itself when it has its answer")
    func refused() async throws {
        let upstreams = Upstreams { _, _ in HTTPCallOutResponse(headers: [":status": "403"]) }
        let source = asking(
            answered: """
                (drop (call $send_local_response (i32.const 403) @"no" @"" @"" (i32.const -1)))
                (call $note (i32.const 109) (call $get_header_map_value (i32.const 6) @"nosuch" @result))
                """)
        try await withFilters(callOuts: upstreams) { filters in
            let stream = await filters.stream(try await filters.load(source))
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 403)
            await stream.finish()
            // What was answered can be read also as the stream's context.
            #expect(filters.log.messages.suffix(1) == ["m=1"])
        }
    }

    @Test("A call that fails, takes too long or brings too much is told with no headers")
    func failed() async throws {
        let never = Gate()
        let attempts: [(any HTTPCallOutClient, Int)] = [
            (Upstreams { _, _ in throw NotThere() }, 0),
            (
                Upstreams { request, _ in
                    HTTPCallOutResponse(
                        headers: [":status": "200"], body: Array(repeating: 0, count: request.responseBytes + 1))
                }, 0
            ),
            (
                Upstreams { _, _ in
                    try await never.pass()
                    throw NotThere()
                }, 5
            ),
        ]
        for (upstreams, timeout) in attempts {
            try await withFilters(callOuts: upstreams) { filters in
                let stream = await filters.stream(try await filters.load(asking(timeout: timeout)))
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
                await stream.finish()
                #expect(filters.log.messages == ["s=0", "h=0", "b=0", "t=0"])
            }
        }
    }

    @Test(
        "A call is refused at once to an upstream that is not there or was not granted, or without what a request must have"
    )
    func refusedAtOnce() async throws {
        let bad: [HeaderMap] = [
            [":method": "GET", ":path": "/"], [":method": "GET", ":authority": "a"], [":path": "/", ":authority": "a"],
            [":method": "GET / HTTP/1.1", ":path": "/", ":authority": "a"],
            [":method": "GET", ":path": "/", ":authority": "a", "x": "a\\0d\\0ab"],
        ]
        let upstreams = Upstreams(["auth", "other"]) { _, _ in throw NotThere() }
        try await withFilters(callOuts: upstreams) { filters in
            func statuses(
                _ source: PluginSource, _ change: (inout FilterConfiguration) -> Void = { _ in }
            ) async throws -> String? {
                let stream = await filters.stream(try await filters.load(source, change))
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
                return filters.log.messages.last { $0.hasPrefix("s=") }
            }
            for headers in bad {
                let status = try await statuses(asking(headers))
                #expect(status == "s=2")
            }
            let unknown = try await statuses(asking(upstream: "nosuch"))
            #expect(unknown == "s=2")
            let other = try await statuses(asking()) { $0.upstreams = ["other"] }
            #expect(other == "s=2")
            let granted = try await statuses(asking()) { $0.upstreams = ["auth"] }
            #expect(granted == "s=0")
            let refused = try await statuses(asking()) { $0.grants = .all.subtracting(.callOuts) }
            #expect(refused == "s=10")
        }
        try await withFilters { filters in
            let stream = await filters.stream(try await filters.load(asking()))
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            #expect(filters.log.messages == ["s=2"])
        }
    }

    @Test("How much an answer may bring is a limit of its own")
    func responseBytes() async throws {
        let upstreams = Upstreams { request, _ in
            HTTPCallOutResponse(headers: [":status": "200"], body: Array(repeating: 0x61, count: request.responseBytes))
        }
        let limits = ProxyWasmRuntimeLimits(bodyBytes: 4, callOutResponseBytes: 8)
        try await withFilters(limits: limits, callOuts: upstreams) { filters in
            let stream = await filters.stream(try await filters.load(asking()))
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            #expect(filters.log.messages == ["s=0", "h=1", "b=8", "t=0", "200", "aaaaaaaa"])
        }
    }

    @Test("One filter has so many calls and no more")
    func bounded() async throws {
        let gate = Gate()
        let upstreams = Upstreams { _, _ in
            try await gate.pass()
            return HTTPCallOutResponse(headers: [":status": "200"])
        }
        try await withFilters(limits: ProxyWasmRuntimeLimits(callOuts: 1), callOuts: upstreams) { filters in
            let filter = try await filters.load(asking())
            let first = await filters.stream(filter)
            let waiting = Task { await first.requestHeaders(getRequest, endOfStream: true) }
            await gate.arrivals(1)
            let second = await filters.stream(filter)
            #expect(await second.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await second.finish()
            #expect(filters.log.messages == ["s=0", "s=10"])
            gate.open()
            #expect(await waiting.value.forwarded == getRequest)
            await first.finish()
        }
    }

    @Test("Calls end with the virtual machine that made them")
    func ended() async throws {
        let gate = Gate()
        let cancelled = Gate()
        let upstreams = Upstreams { _, _ in
            do { try await gate.pass() } catch {
                cancelled.open()
                throw error
            }
            return HTTPCallOutResponse(headers: [":status": "200"])
        }
        try await withFilters(callOuts: upstreams) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (if (i32.eqz (call $get_header_map_value (i32.const 0) @"x-trap" @result)) (then unreachable))
                      (drop (call $http_call @"auth" @"\(Guest.bytes(of: Self.request))" @"" @"" (i32.const 0) (i32.const 24)))
                      (i32.const 1))
                    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32) (call $say @"answered"))
                    """))
            let first = await filters.stream(filter)
            let waiting = Task { await first.requestHeaders(getRequest, endOfStream: true) }
            await gate.arrivals(1)
            var trapping = getRequest
            trapping["x-trap"] = "1"
            let second = await filters.stream(filter)
            #expect(await second.requestHeaders(trapping, endOfStream: true).reply?.status == 503)
            await second.finish()
            #expect(await waiting.value.reply?.status == 503)
            await first.finish()
            try await cancelled.pass()
            #expect(filters.log.messages == [])
        }
    }

    @Test("A policy gives upstreams by name")
    func policy() throws {
        let grant = ProxyWasmABI(grants: .all, upstreams: ["auth", "quota"])
        #expect(grant.summary == "all functions; upstreams auth, quota")
        let wish = CapabilityWish(
            ProxyWasmABI.id, isRequired: true, parameters: ["upstreams": .list([.text("auth"), .text("mail")])])
        let error = #expect(throws: PluginError.self) { try grant.attenuated(to: wish) }
        #expect(error?.message == "it asks for mail, and the policy gives all functions; upstreams auth, quota")
        let optional = CapabilityWish(
            ProxyWasmABI.id, isRequired: false, parameters: ["upstreams": .list([.text("auth"), .text("mail")])])
        #expect(try grant.attenuated(to: optional).upstreams == ["auth"])
        #expect(try ProxyWasmABI(grants: .all).attenuated(to: wish).upstreams == ["auth", "mail"])
    }
}

/// Upstreams that answer as a closure says.
private struct Upstreams: HTTPCallOutClient {
    let upstreams: Set<String>
    let answer: @Sendable (HTTPCallOut, String) async throws -> HTTPCallOutResponse

    init(
        _ upstreams: Set<String> = ["auth"],
        _ answer: @escaping @Sendable (HTTPCallOut, String) async throws -> HTTPCallOutResponse
    ) {
        self.upstreams = upstreams
        self.answer = answer
    }

    func send(_ request: HTTPCallOut, to upstream: String) async throws -> HTTPCallOutResponse {
        try await answer(request, upstream)
    }
}
