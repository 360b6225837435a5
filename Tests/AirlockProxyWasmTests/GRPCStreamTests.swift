import Airlock
import AirlockProxyWasm
import Synchronization
import TestSupport
import Testing

@Suite("gRPC streams of filters", .timeLimit(.minutes(1)))
struct GRPCStreamTests {
    /// Opens a stream with each request, holds the request back, notes what it is told, and lets it go on when the stream has ended.
    private func streaming(
        opened: String = "", received: String = "", trailers: String = "", closed: String = ""
    ) -> PluginSource {
        Guest.wat(
            """
            (global $stream (mut i32) (i32.const 0))
            (func $id (result i32) (i32.load (i32.const 24)))
            (func $send (param i32 i32 i32)
              (call $note (i32.const 115) (call $grpc_send (call $id) (local.get 0) (local.get 1) (local.get 2))))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (if (call $grpc_stream @"auth" @"test.Chat" @"Talk" @"" (i32.const 24)) (then unreachable))
              (global.set $stream (local.get 0))
              \(opened)
              (i32.const 1))
            (func (export "proxy_on_grpc_receive_initial_metadata") (param $root i32) (param $call i32) (param $count i32)
              (call $note (i32.const 105) (local.get $count))
              (if (local.get $count) (then
                (drop (call $get_header_map_value (i32.const 4) @"x-i" @result)) (call $show))))
            (func (export "proxy_on_grpc_receive") (param $root i32) (param $call i32) (param $size i32)
              (if (i32.ne (local.get $call) (call $id)) (then unreachable))
              (drop (call $get_buffer_bytes (i32.const 5) (i32.const 0) (local.get $size) @result)) (call $show)
              \(received))
            (func (export "proxy_on_grpc_receive_trailing_metadata") (param $root i32) (param $call i32) (param $count i32)
              (call $note (i32.const 116) (local.get $count))
              \(trailers)
              (if (local.get $count) (then
                (drop (call $get_header_map_value (i32.const 5) @"x-t" @result)) (call $show))))
            (func (export "proxy_on_grpc_close") (param $root i32) (param $call i32) (param $status i32)
              (call $note (i32.const 99) (local.get $status))
              \(closed)
              (drop (call $set_effective_context (global.get $stream)))
              (drop (call $continue_stream (i32.const 0))))
            """)
    }

    /// Runs one request through.
    private func run(
        _ source: PluginSource, limits: ProxyWasmRuntimeLimits = ProxyWasmRuntimeLimits(),
        _ answer: @escaping GRPCUpstreams.Answer
    ) async throws -> [String] {
        var messages: [String] = []
        try await withFilters(limits: limits, grpcCallOuts: GRPCUpstreams(answering: answer)) { filters in
            let stream = await filters.stream(try await filters.load(source))
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            messages = filters.log.messages
        }
        return messages
    }

    @Test("A filter and an upstream send each other messages until both have closed")
    func conversation() async throws {
        let source = streaming(
            opened: #"(call $send @"a" (i32.const 0)) (call $send @"" (i32.const 0))"#,
            received: """
                (if (i32.eq (local.get $size) (i32.const 3)) (then (call $send @"last" (i32.const 1))))
                (if (i32.eq (local.get $size) (i32.const 2)) (then (call $send @"bb" (i32.const 0))))
                """)
        let messages = try await run(source) { call, messages, receive in
            try await receive(.initialMetadata(["x-i": "\(call.service)/\(call.method)"]))
            for await message in messages {
                // The second is empty and answers nothing: the filter would answer it for ever.
                if !message.isEmpty { try await receive(.text(String(decoding: message, as: UTF8.self) + "!")) }
            }
            return GRPCCallOutEnd(status: 0, trailingMetadata: ["x-t": "end", "x-u": ""])
        }
        #expect(
            messages == [
                "s=0", "s=0", "i=1", "test.Chat/Talk", "a!", "s=0", "bb!", "s=0", "last!", "t=2", "end", "c=0",
            ])
    }

    @Test("A message is read only when the filter was told of the one before")
    func backpressure() async throws {
        let answered = Atomic<Int>(0)
        let messages = try await run(
            streaming(received: #"(call $send @"got it" (i32.const 0))"#)
        ) { _, messages, receive in
            var messages = messages.makeAsyncIterator()
            for number in 1...3 {
                // Nobody else is there to be asked: had the filter not been told, this would wait for ever.
                try await receive(.text("\(number)"))
                if await messages.next() != nil { answered.add(1, ordering: .relaxed) }
            }
            return GRPCCallOutEnd(status: 0)
        }
        #expect(answered.load(ordering: .relaxed) == 3)
        #expect(messages == ["i=0", "1", "s=0", "2", "s=0", "3", "s=0", "t=0", "c=0"])
    }

    @Test("A stream that the upstream ends can be closed once more and then is not known")
    func endedByUpstream() async throws {
        let source = streaming(
            trailers: #"(call $send @"x" (i32.const 0))"#,
            closed: """
                (call $note (i32.const 120) (call $grpc_close (call $id)))
                (call $note (i32.const 120) (call $grpc_close (call $id)))
                (call $note (i32.const 120) (call $grpc_cancel (call $id)))
                """)
        let messages = try await run(source) { _, _, _ in GRPCCallOutEnd(status: 5, message: "gone") }
        #expect(messages == ["i=0", "t=0", "s=1", "c=5", "x=0", "x=1", "x=1"])
    }

    @Test("A filter that has closed its side sends no more, and is told what comes")
    func closedByFilter() async throws {
        let source = streaming(
            opened: """
                (call $send @"one" (i32.const 0))
                (call $note (i32.const 120) (call $grpc_close (call $id)))
                (call $send @"two" (i32.const 0))
                """,
            closed: "(call $note (i32.const 120) (call $grpc_close (call $id)))")
        let messages = try await run(source) { _, messages, receive in
            try await receive(.text("\(await messages.texts())"))
            return GRPCCallOutEnd(status: 0)
        }
        #expect(messages == ["s=0", "x=0", "s=2", "i=0", #"["one"]"#, "t=0", "c=0", "x=0"])
    }

    @Test("A stream that is given up is cancelled, and the filter is told no more of it")
    func cancelled() async throws {
        let gate = Gate()
        let source = streaming(
            received: """
                (call $note (i32.const 120) (call $grpc_cancel (call $id)))
                (call $note (i32.const 120) (call $grpc_cancel (call $id)))
                (drop (call $set_effective_context (global.get $stream)))
                (drop (call $continue_stream (i32.const 0)))
                """)
        let messages = try await run(source) { _, _, receive in
            try await receive(.text("hello"))
            await #expect(throws: CancellationError.self) { try await receive(.text("again")) }
            await #expect(throws: CancellationError.self) { try await gate.pass() }
            return GRPCCallOutEnd(status: 0)
        }
        await gate.cancellations(1)
        #expect(messages == ["i=0", "hello", "x=0", "x=1"])
    }

    @Test("What waits to be sent is bounded, and one message always may wait")
    func sendingIsBounded() async throws {
        let text = String(repeating: "x", count: 1_000)
        let source = streaming(
            opened: """
                (call $send @"\(text)" (i32.const 0))
                (call $send @"" (i32.const 0))
                (call $send @"\(text)x" (i32.const 0))
                """,
            received: #"(call $send @"more" (i32.const 1))"#)
        let limits = ProxyWasmRuntimeLimits(bodyBytes: 1_000)
        let messages = try await run(source, limits: limits) { _, messages, receive in
            var messages = messages.makeAsyncIterator()
            #expect(await messages.next()?.count == 1_000)
            try await receive(.text("room"))
            #expect(await messages.next()?.count == 4)
            return GRPCCallOutEnd(status: 0)
        }
        #expect(messages == ["s=0", "s=10", "s=2", "i=0", "room", "s=0", "t=0", "c=0"])
    }

    @Test("A message that is too large ends the stream")
    func receivingIsBounded() async throws {
        let limits = ProxyWasmRuntimeLimits(bodyBytes: 1_000)
        let messages = try await run(streaming(), limits: limits) { call, _, receive in
            try await receive(.message(Array(repeating: 0x61, count: 10)))
            try await receive(.message(Array(repeating: 0, count: call.messageBytes + 1)))
            return GRPCCallOutEnd(status: 0)
        }
        #expect(messages == ["i=0", "aaaaaaaaaa", "t=0", "c=8"])
    }

    @Test("A filter cannot touch the streams of another one in its virtual machine")
    func foreignStreams() async throws {
        let gate = Gate()
        let upstreams = GRPCUpstreams { _, _, _ in
            try await gate.pass()
            throw NotThere()
        }
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (if (i32.load (i32.const 24))
                (then
                  (call $note (i32.const 115) (call $grpc_send (i32.load (i32.const 24)) @"x" (i32.const 0)))
                  (call $note (i32.const 122) (call $grpc_close (i32.load (i32.const 24))))
                  (call $note (i32.const 120) (call $grpc_cancel (i32.load (i32.const 24)))))
                (else (drop (call $grpc_stream @"auth" @"s" @"m" @"" (i32.const 24)))))
              (i32.const 0))
            """)
        try await withFilters(grpcCallOuts: upstreams) { filters in
            let a = try await filters.load(source, name: "a")
            let b = try await filters.load(source, name: "b") { $0.configuration = [1] }
            for filter in [a, b, a] {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            #expect(filters.log.messages == ["s=1", "z=1", "x=1", "s=0", "z=0", "x=0"])
        }
    }
}
