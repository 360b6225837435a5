import Airlock
import AirlockProxyWasm
import AirlockTesting
import Testing

@Suite("Connections that filters hold back")
struct ConnectionPauseTests {
    /// What a filter does at its next tick after `proxy_on_<callback>` has returned "pause" for a context.
    private func pausing(_ callback: String, parameters: String = "i32 i32 i32", then action: String) -> PluginSource {
        Guest.wat(
            """
            (global $id (mut i32) (i32.const 0))
            (func (export "proxy_on_\(callback)") (param \(parameters)) (result i32)
              (global.set $id (local.get 0)) (call $say @"paused")
              (drop (call $set_tick_period_milliseconds (i32.const 1)))
              (i32.const 1))
            (func (export "proxy_on_tick") (param i32)
              (drop (call $set_tick_period_milliseconds (i32.const 0)))
              (drop (call $set_effective_context (global.get $id)))
              \(action))
            """)
    }

    @Test("A connection that is held back waits for a tick, and so do the filters behind")
    func newConnection() async throws {
        try await withFilters { filters in
            let first = try await filters.load(
                pausing(
                    "new_connection", parameters: "i32",
                    then: #"(call $say @"continued") (drop (call $continue_stream (i32.const 2)))"#), name: "first")
            let second = try await filters.load(
                Guest.wat(
                    #"(func (export "proxy_on_new_connection") (param i32) (result i32) (call $say @"second") (i32.const 0))"#
                ), name: "second")
            let connection = try await filters.connection(first, second)
            #expect(filters.log.messages == ["paused", "continued", "second"])
            await connection.finish()
        }
    }

    @Test("Bytes that are held back go on at a tick", arguments: [("downstream", 2), ("upstream", 3)])
    func data(side: String, type: Int) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                pausing(
                    "\(side)_data",
                    then: """
                        (drop (call $set_buffer_bytes (i32.const \(type)) (i32.const 0) (i32.const 0) @"+"))
                        (call $note (i32.const 99) (call $continue_stream (i32.const \(type))))
                        """))
            let connection = try await filters.connection(filter)
            let bytes = type == 2 ? connection.downstream : connection.upstream
            try await bytes.send("held")
            #expect(try await bytes.next() == "+held")
            #expect(filters.log.messages == ["paused", "c=0"])
            await connection.finish()
        }
    }

    @Test("The next bytes show a filter all that it holds back")
    func growing() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.onDownstreamData(
                    "(call $note (i32.const 110) (local.get 1)) (i32.lt_u (local.get 1) (i32.const 6))"))
            let connection = try await filters.connection(filter)
            for part in ["ab", "cd", "ef"] { try await connection.downstream.send(part) }
            #expect(try await connection.downstream.next() == "abcdef")
            #expect(filters.log.messages == ["n=2", "n=4", "n=6"])
            await connection.finish()
        }
    }

    @Test("An end that is held back comes after what is held back with it")
    func heldEnd() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                pausing("downstream_data", then: "(drop (call $continue_stream (i32.const 2)))"))
            let connection = try await filters.connection(filter)
            try await connection.downstream.send("last")
            try await connection.downstream.finish()
            #expect(try await connection.downstream.rest() == "last")
            await connection.finish()
        }
    }

    @Test("The answer to a call lets a connection go on")
    func callOut() async throws {
        try await withFilters(callOuts: AnsweringUpstream()) { filters in
            let request = Guest.bytes(of: [":method": "GET", ":path": "/", ":authority": "a"])
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (global $id (mut i32) (i32.const 0))
                    (func (export "proxy_on_new_connection") (param i32) (result i32)
                      (global.set $id (local.get 0))
                      (call $note (i32.const 104) (call $http_call @"auth" @"\(request)" @"" @"" (i32.const 1000) (i32.const 16)))
                      (i32.const 1))
                    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
                      (drop (call $set_effective_context (global.get $id)))
                      (drop (call $continue_stream (i32.const 2))))
                    """))
            let connection = try await filters.connection(filter)
            try await connection.downstream.send("in")
            #expect(try await connection.downstream.next() == "in")
            #expect(filters.log.messages == ["h=0"])
            await connection.finish()
        }
    }

    @Test(
        "A filter closes a connection from its own callback and from a tick, and nothing of it goes on",
        arguments: [2, 3])
    func closed(type: Int) async throws {
        try await withFilters { filters in
            let close = "(drop (call $close_stream (i32.const \(type))))"
            let atOnce = try await filters.load(Guest.onDownstreamData(close + "(i32.const 0)"), name: "at once")
            let first = try await filters.connection(atOnce)
            await #expect(throws: ConnectionClosure.self) { try await first.downstream.send("secret") }
            #expect(await first.downstream.closure()?.details == "closed_by_filter")
            #expect(await first.upstream.closure()?.details == "closed_by_filter")
            #expect(await first.finish().replyDetails == "closed_by_filter")

            let later = try await filters.load(pausing("downstream_data", then: close), name: "later")
            let second = try await filters.connection(later)
            try await second.downstream.send("secret")
            #expect(await second.downstream.closure()?.details == "closed_by_filter")
            await second.finish()
        }
    }

    @Test("What had passed the filters before one of them closes the connection still goes out")
    func flushed() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.onDownstreamData(
                    """
                    (if (i32.eq (local.get 1) (i32.const 3)) (then (drop (call $close_stream (i32.const 2)))))
                    (i32.const 0)
                    """))
            let connection = try await filters.connection(filter)
            try await connection.upstream.send("before")
            try? await connection.downstream.send("end")
            #expect(try await connection.upstream.next() == "before")
            #expect(await connection.upstream.closure()?.details == "closed_by_filter")
            await connection.finish()
        }
    }

    @Test("A connection that is held back for longer than the deadline is closed, and the log says so")
    func deadline() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(#"(func (export "proxy_on_new_connection") (param i32) (result i32) (i32.const 1))"#)
            ) { $0.pauseDeadline = .milliseconds(2) }
            let connection = await filters.open(filter)
            #expect(await connection.refusal()?.details == "pause_deadline")
            #expect(filters.log.lines.contains { $0.metadata["reason"] == "pause_deadline" })
            await connection.finish()
        }
    }

    @Test("So is one whose end is held back")
    func deadlineOfEnd() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.onDownstreamData("(i32.const 1)")) {
                $0.pauseDeadline = .milliseconds(2)
            }
            let connection = try await filters.connection(filter)
            let closure = Task { await connection.downstream.closure() }
            try await connection.downstream.finish()
            #expect(await closure.value?.details == "pause_deadline")
            await connection.finish()
        }
    }

    @Test("A side is not read while a filter holds back as much as it may, until it lets go")
    func backPressure() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 8)) { filters in
            let filter = try await filters.load(
                pausing("downstream_data", then: "(drop (call $continue_stream (i32.const 2)))"))
            let connection = try await filters.connection(filter)
            let reading = Task { try await connection.downstream.rest() }
            for _ in 0..<20 { try await connection.downstream.send("12345") }
            try await connection.downstream.finish()
            #expect(try await reading.value == String(repeating: "12345", count: 20))
            await connection.finish()
        }
    }

    @Test("A filter that does not let go when it holds back as much as it may ends the connection, and the log says so")
    func full() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 8)) { filters in
            let filter = try await filters.load(
                Guest.onDownstreamData("(call $note (i32.const 110) (local.get 1)) (i32.const 1)")
            ) { $0.pauseDeadline = .milliseconds(2) }
            let connection = try await filters.connection(filter)
            try await connection.downstream.send("12345678")
            await #expect(throws: ConnectionClosure.self) { try await connection.downstream.send("9") }
            #expect(filters.log.messages == ["n=8"])
            #expect(filters.log.lines.contains { $0.metadata["reason"] == "pause_deadline" })
            await connection.finish()
        }
    }

    @Test("More at once than a filter may hold back ends the connection if it holds it back", arguments: [2, 3])
    func tooMuch(type: Int) async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 8)) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_\(type == 2 ? "downstream" : "upstream")_data") (param i32 i32 i32) (result i32)
                      (i32.const 1))
                    """))
            let connection = try await filters.connection(filter)
            let bytes = type == 2 ? connection.downstream : connection.upstream
            await #expect(throws: ConnectionClosure.self) { try await bytes.send("123456789") }
            #expect(await bytes.closure()?.details == "buffer_limit")
            #expect(filters.log.lines.contains { $0.metadata["reason"] == "buffer_limit" })
            await connection.finish()
        }
    }

    @Test("Without a reader on the other side no more is taken in than may wait")
    func unread() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 8)) { filters in
            let connection = try await filters.connection()
            try await connection.upstream.send("12345678")
            let next = Task { try await connection.upstream.send("9") }
            #expect(try await connection.upstream.next() == "12345678")
            try await next.value
            #expect(try await connection.upstream.next() == "9")
            await connection.finish()
        }
    }

    @Test("A client that goes away releases what waits for a filter, and so does a cancelled task")
    func cancelled() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"(func (export "proxy_on_new_connection") (param i32) (result i32) (call $say @"paused") (i32.const 1))"#
                ))
            let gone = await filters.open(filter)
            let refusal = Task { await gone.refusal() }
            await filters.log.wait(for: "paused")
            gone.cancel()
            #expect(await refusal.value?.details == "client_went_away")
            await gone.finish()

            let cancelled = await filters.open(filter)
            let task = Task { await cancelled.refusal() }
            task.cancel()
            #expect(await task.value?.details == "client_went_away")
            await cancelled.finish()
        }
    }

    @Test("Bytes before the connection has begun, or after a side's end, end the connection")
    func outOfOrder() async throws {
        try await withFilters { filters in
            let early = await filters.open()
            await #expect(throws: ConnectionClosure.self) { try await early.downstream.send("x") }
            await early.finish()
            let late = try await filters.connection()
            try await late.downstream.finish()
            await #expect(throws: ConnectionClosure.self) { try await late.downstream.send("x") }
            #expect(await late.finish().replyDetails == "stream_out_of_order")
            #expect(await late.refusal()?.details == "stream_closed")
        }
    }
}

/// An upstream `auth` that answers everything with 200.
private struct AnsweringUpstream: HTTPCallOutClient {
    var upstreams: Set<String> { ["auth"] }

    func send(_: HTTPCallOut, to _: String) async throws -> HTTPCallOutResponse {
        HTTPCallOutResponse(headers: [":status": "200"])
    }
}
