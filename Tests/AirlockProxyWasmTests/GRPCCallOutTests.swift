import Airlock
import AirlockProxyWasm
import TestSupport
import Testing

@Suite("Unary gRPC calls of filters", .timeLimit(.minutes(1)))
struct GRPCCallOutTests {
    /// Holds each request back while it asks an upstream, notes what it is told, and lets the request go on.
    private func asking(
        target: String = "auth", service: String = "test.Auth", metadata: HeaderMap = ["x-a": "b"], timeout: Int = 0
    ) -> PluginSource {
        Guest.wat(
            """
            (global $stream (mut i32) (i32.const 0))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (local $status i32)
              (local.set $status
                (call $grpc_call @"\(target)" @"\(service)" @"Check" @"\(Guest.bytes(of: metadata))" @"ask"
                  (i32.const \(timeout)) (i32.const 24)))
              (call $note (i32.const 115) (local.get $status))
              (if (i32.eqz (local.get $status)) (then (global.set $stream (local.get 0))))
              (i32.eqz (local.get $status)))
            (func $answered (param $call i32)
              (if (i32.ne (local.get $call) (i32.load (i32.const 24))) (then (call $say @"another call")))
              (drop (call $set_effective_context (global.get $stream)))
              (drop (call $continue_stream (i32.const 0))))
            (func (export "proxy_on_grpc_receive_initial_metadata") (param i32 i32 i32) (call $say @"initial"))
            (func (export "proxy_on_grpc_receive_trailing_metadata") (param i32 i32 i32) (call $say @"trailing"))
            (func (export "proxy_on_grpc_receive") (param $root i32) (param $call i32) (param $size i32)
              (call $note (i32.const 114) (local.get $size))
              (call $answered (local.get $call))
              ;; What was answered can be read also as the stream's context.
              (drop (call $get_buffer_bytes (i32.const 5) (i32.const 0) (i32.const 1000) @result))
              (call $show))
            (func (export "proxy_on_grpc_close") (param $root i32) (param $call i32) (param $status i32)
              (call $note (i32.const 99) (local.get $status))
              (call $answered (local.get $call))
              (drop (call $get_status (i32.const 28) @result))
              (call $note (i32.const 103) (i32.load (i32.const 28)))
              (if (i32.load (i32.const 20)) (then (call $show))))
            """)
    }

    private func run(_ filters: Filters, _ filter: ProxyWasmFilter) async {
        let stream = await filters.stream(filter)
        #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
        await stream.finish()
    }

    @Test(
        "A filter asks an upstream by its name or in a message, and is told the answer once",
        arguments: ["auth", "\\0a\\06\\0a\\04auth\\2a\\08\\0a\\03X-c\\12\\01d"])
    func answered(target: String) async throws {
        let upstreams = GRPCUpstreams { call, messages, receive in
            let texts = await messages.texts()
            try await receive(.initialMetadata(["i": "1"]))
            let metadata = call.metadata.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            let time = call.timeout == .milliseconds(5000) ? "5s" : "?"
            try await receive(.text("\(call.service)/\(call.method) \(metadata) \(texts) \(time)"))
            return GRPCCallOutEnd(status: 0, trailingMetadata: ["t": "1"])
        }
        try await withFilters(grpcCallOuts: upstreams) { filters in
            await run(filters, try await filters.load(asking(target: target, timeout: 5000)))
            let metadata = target == "auth" ? "x-a=b" : "x-a=b,x-c=d"
            let answer = "test.Auth/Check \(metadata) [\"ask\"] 5s"
            #expect(filters.log.messages == ["s=0", "r=\(answer.utf8.count)", answer])
        }
    }

    @Test("A filter is told the status and the message of a call that the upstream refuses")
    func refusedByUpstream() async throws {
        let upstreams = GRPCUpstreams { _, _, _ in GRPCCallOutEnd(status: 7, message: "not you") }
        try await withFilters(grpcCallOuts: upstreams) { filters in
            await run(filters, try await filters.load(asking()))
            #expect(filters.log.messages == ["s=0", "c=7", "g=7", "not you"])
        }
    }

    @Test("A call that fails, takes too long, brings too much or nothing is told with the status of gRPC")
    func failed() async throws {
        let never = Gate()
        let attempts: [(String, GRPCUpstreams)] = [
            ("c=14", GRPCUpstreams { _, _, _ in throw NotThere() }),
            (
                "c=14",
                GRPCUpstreams { _, _, _ in
                    try await never.pass()
                    throw NotThere()
                }
            ),
            (
                "c=8",
                GRPCUpstreams { call, _, receive in
                    try await receive(.message(Array(repeating: 0, count: call.messageBytes + 1)))
                    return GRPCCallOutEnd(status: 0)
                }
            ),
            (
                "c=8",
                GRPCUpstreams { _, _, receive in
                    try await receive(.text("answer"))
                    return GRPCCallOutEnd(
                        status: 0, trailingMetadata: ["t": String(repeating: "x", count: 64 << 10)])
                }
            ),
            ("c=13", GRPCUpstreams { _, _, _ in GRPCCallOutEnd(status: 0) }),
        ]
        for (index, (expected, upstreams)) in attempts.enumerated() {
            let isLate = index == 1
            try await withFilters(grpcCallOuts: upstreams) { filters in
                await run(filters, try await filters.load(asking(timeout: isLate ? 5 : 0)))
                #expect(Array(filters.log.messages.prefix(2)) == ["s=0", expected])
                if isLate { #expect(filters.log.messages.last == "the call took too long") }
            }
        }
    }

    @Test("A call is refused at once with the statuses of Envoy")
    func refusedAtOnce() async throws {
        let upstreams = GRPCUpstreams(["auth", "other"]) { _, _, _ in throw NotThere() }
        try await withFilters(grpcCallOuts: upstreams) { filters in
            func status(
                _ source: PluginSource, _ change: (inout FilterConfiguration) -> Void = { _ in }
            ) async throws -> String? {
                let filter = try await filters.load(source, change)
                await run(filters, filter)
                await filter.unload()
                return filters.log.messages.last { $0.hasPrefix("s=") }
            }
            let refused: [(String, String)] = [
                ("nosuch", "s=4"), ("\\0a\\08\\0a\\06nosuch", "s=10"),
                ("\\12\\03\\0a\\01x", "s=2"), ("\\0a\\06\\0a\\04auth\\12\\00", "s=2"), ("", "s=2"), ("\\0a\\ff", "s=4"),
            ]
            for (target, expected) in refused {
                let status = try await status(asking(target: target))
                #expect(status == expected, "\(target)")
            }
            for service in ["", "..", "a/b", "a b", "a%2fb", "a?b"] {
                let status = try await status(asking(service: service))
                #expect(status == "s=2", "\(service)")
            }
            for metadata: HeaderMap in [[":path": "/"], ["x": "a\\0d\\0ab"]] {
                let status = try await status(asking(metadata: metadata))
                #expect(status == "s=2")
            }
            let other = try await status(asking()) { $0.upstreams = ["other"] }
            #expect(other == "s=4")
            let granted = try await status(asking()) { $0.upstreams = ["auth"] }
            #expect(granted == "s=0")
            let ungranted = try await status(asking()) { $0.grants = .all.subtracting(.callOuts) }
            #expect(ungranted == "s=10")
            let byName = try await status(asking()) {
                $0.allowedCapabilities = ["proxy_log", "proxy_on_request_headers"]
            }
            #expect(byName == "s=10")
        }
        try await withFilters { filters in
            await run(filters, try await filters.load(asking()))
            #expect(filters.log.messages == ["s=4"])
        }
    }

    @Test("The numbers of calls tell their kinds, and only gRPC's can be given up")
    func numbers() async throws {
        let gate = Gate()
        let upstreams = GRPCUpstreams { _, _, _ in
            try await gate.pass()
            throw NotThere()
        }
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (drop (call $grpc_call @"auth" @"s" @"m" @"" @"" (i32.const 0) (i32.const 24)))
              (call $note (i32.const 99) (i32.load (i32.const 24)))
              (drop (call $grpc_call @"auth" @"s" @"m" @"" @"" (i32.const 0) (i32.const 24)))
              (call $note (i32.const 99) (i32.load (i32.const 24)))
              (drop (call $grpc_stream @"auth" @"s" @"m" @"" (i32.const 24)))
              (call $note (i32.const 115) (i32.load (i32.const 24)))
              (call $note (i32.const 120) (call $grpc_cancel (i32.const 4)))
              (call $note (i32.const 120) (call $grpc_cancel (i32.const 7)))
              (call $note (i32.const 120) (call $grpc_cancel (i32.const 13)))
              (call $note (i32.const 120) (call $grpc_cancel (i32.const 9)))
              (call $note (i32.const 120) (call $grpc_cancel (i32.const 9)))
              (call $note (i32.const 122) (call $grpc_close (i32.const 5)))
              (call $note (i32.const 122) (call $grpc_close (i32.const 5)))
              (call $note (i32.const 109) (call $grpc_send (i32.const 5) @"x" (i32.const 0)))
              (call $note (i32.const 109) (call $grpc_send (i32.const 10) @"x" (i32.const 0)))
              (i32.const 0))
            """)
        try await withFilters(grpcCallOuts: upstreams) { filters in
            await run(filters, try await filters.load(source))
            #expect(
                filters.log.messages
                    == ["c=5", "c=9", "s=6", "x=2", "x=2", "x=1", "x=0", "x=1", "z=0", "z=1", "m=2", "m=1"])
        }
    }

    @Test("A call that was given up in the event that made it is not made, and one from before is cancelled")
    func cancelled() async throws {
        let gate = Gate()
        let upstreams = GRPCUpstreams { _, _, _ in
            try await gate.pass()
            throw NotThere()
        }
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (drop (call $grpc_call @"auth" @"s" @"m" @"" @"" (i32.const 0) (i32.const 24)))
              (drop (call $grpc_call @"auth" @"s" @"m" @"" @"" (i32.const 0) (i32.const 28)))
              (drop (call $grpc_cancel (i32.load (i32.const 28))))
              (i32.const 0))
            (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
              (call $note (i32.const 120) (call $grpc_cancel (i32.load (i32.const 24)))) (i32.const 0))
            (func (export "proxy_on_grpc_close") (param i32 i32 i32) (call $say @"closed"))
            """)
        try await withFilters(grpcCallOuts: upstreams) { filters in
            let stream = await filters.stream(try await filters.load(source))
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await gate.arrivals(1)
            _ = await stream.responseHeaders(okResponse, endOfStream: true)
            await gate.cancellations(1)
            await stream.finish()
            #expect(filters.log.messages == ["x=0"])
        }
    }

    @Test("One filter has so many calls and no more, by HTTP and gRPC together")
    func bounded() async throws {
        let gate = Gate()
        let upstreams = GRPCUpstreams { _, _, receive in
            try await gate.pass()
            try await receive(.text(""))
            return GRPCCallOutEnd(status: 0)
        }
        let limits = ProxyWasmRuntimeLimits(callOuts: 1)
        try await withFilters(limits: limits, callOuts: Unused(), grpcCallOuts: upstreams) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $note (i32.const 99)
                        (call $grpc_call @"auth" @"s" @"m" @"" @"" (i32.const 0) (i32.const 24)))
                      (call $note (i32.const 104)
                        (call $http_call @"web" @"\(Guest.bytes(of: Unused.request))" @"" @"" (i32.const 0) (i32.const 24)))
                      (i32.const 0))
                    """))
            await run(filters, filter)
            await gate.arrivals(1)
            await run(filters, filter)
            #expect(filters.log.messages == ["c=0", "h=10", "c=10", "h=10"])
        }
    }

    @Test("A call that has ended makes room, also where the filter has no callback for it")
    func withoutCallbacks() async throws {
        let gate = Gate()
        let upstreams = GRPCUpstreams { _, _, receive in
            try await receive(.text("answer"))
            try await gate.pass()
            return GRPCCallOutEnd(status: 0)
        }
        let limits = ProxyWasmRuntimeLimits(callOuts: 1)
        try await withFilters(limits: limits, grpcCallOuts: upstreams) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func $ask
                      (call $note (i32.const 99)
                        (call $grpc_call @"auth" @"s" @"m" @"" @"" (i32.const 0) (i32.const 24))))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (call $ask) (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_tick") (param i32) (call $ask))
                    """))
            // The first is from where the filter was configured, the second from a tick.
            await gate.arrivals(1)
            gate.open(for: 1)
            await gate.arrivals(2)
            gate.open()
            await filter.unload()
            #expect(filters.log.messages.count { $0 == "c=0" } >= 2)
        }
    }

    @Test("Calls end with the virtual machine that made them")
    func ended() async throws {
        let gate = Gate()
        let upstreams = GRPCUpstreams { _, _, _ in
            try await gate.pass()
            throw NotThere()
        }
        try await withFilters(grpcCallOuts: upstreams) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (if (i32.eqz (call $get_header_map_value (i32.const 0) @"x-trap" @result)) (then unreachable))
                      (drop (call $grpc_call @"auth" @"s" @"m" @"" @"" (i32.const 0) (i32.const 24)))
                      (drop (call $grpc_stream @"auth" @"s" @"m" @"" (i32.const 24)))
                      (i32.const 0))
                    (func (export "proxy_on_grpc_close") (param i32 i32 i32) (call $say @"closed"))
                    """))
            await run(filters, filter)
            await gate.arrivals(2)
            var trapping = getRequest
            trapping["x-trap"] = "1"
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(trapping, endOfStream: true).reply?.status == 503)
            await stream.finish()
            await gate.cancellations(2)
            #expect(filters.log.messages == [])
        }
    }

    @Test("What a filter sends and receives is taken from its quota")
    func quota() async throws {
        let upstreams = GRPCUpstreams { _, _, receive in
            try await receive(.message(Array(repeating: 0, count: 200)))
            return GRPCCallOutEnd(status: 0)
        }
        // The first call and its answer are 16 and 200 bytes; both calls without the answer would be within it.
        let quota = try Quota("tenant", egressBytes: QuotaRate(1, per: .seconds(1_000), burst: 220))
        try await withFilters(grpcCallOuts: upstreams) { filters in
            let filter = try await filters.load(asking(metadata: [:], timeout: 5000)) { $0.quota = quota }
            await run(filters, filter)
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            #expect(await stream.finish().filters.first?.failure?.code == .quotaExceeded)
        }
    }

    @Test("A filter is told that an HTTP call was broken off")
    func statusOfHTTPCalls() async throws {
        try await withFilters(callOuts: Unused()) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $http_call @"web" @"\(Guest.bytes(of: Unused.request))" @"" @"" (i32.const 0) (i32.const 24)))
                      (call $status)
                      (i32.const 1))
                    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
                      (call $status)
                      (drop (call $set_effective_context (i32.const 2)))
                      (drop (call $continue_stream (i32.const 0))))
                    (func $status
                      (call $note (i32.const 103) (call $get_status (i32.const 28) @result))
                      (call $note (i32.const 99) (i32.load (i32.const 28)))
                      (call $show))
                    """))
            await run(filters, filter)
            #expect(filters.log.messages == ["g=0", "c=0", "", "g=0", "c=11", "reset"])
        }
    }
}

/// An upstream by HTTP that fails.
private struct Unused: HTTPCallOutClient {
    static let request: HeaderMap = [":method": "GET", ":path": "/", ":authority": "web"]
    let upstreams: Set<String> = ["web"]

    func send(_ request: HTTPCallOut, to upstream: String) async throws -> HTTPCallOutResponse { throw NotThere() }
}
