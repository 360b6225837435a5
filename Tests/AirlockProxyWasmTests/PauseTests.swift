import Airlock
import AirlockProxyWasm
import Testing

@Suite("Pause and continue")
struct PauseTests {
    /// A filter that holds back what `callback` is about, and lets go of it at its second tick from there on.
    private func continuingByTick(_ callback: String, stream type: Int, parameters: String = "i32 i32 i32")
        -> PluginSource
    {
        Guest.wat(
            """
            (global $id (mut i32) (i32.const 0))
            (func (export "proxy_on_configure") (param i32 i32) (result i32)
              (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
            (func (export "proxy_on_\(callback)") (param \(parameters)) (result i32)
              (global.set $id (local.get 0)) (call $say @"paused") (i32.const 1))
            (func (export "proxy_on_tick") (param i32)
              (if (i32.eqz (global.get $id)) (then (return)))
              (call $note (i32.const 101) (call $set_effective_context (global.get $id)))
              (call $note (i32.const 99) (call $continue_stream (i32.const \(type))))
              (drop (call $set_tick_period_milliseconds (i32.const 0)))
              (global.set $id (i32.const 0)))
            """)
    }

    @Test("Headers that are held back wait for a tick to let them go")
    func headers() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(continuingByTick("request_headers", stream: 0))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(filters.log.messages == ["paused", "e=0", "c=0"])
            await stream.finish()
        }
    }

    @Test("A filter that lets go of something else meanwhile gets no more time for its pause")
    func noMoreTime() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (global $id (mut i32) (i32.const 0))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (global.set $id (local.get 0)) (i32.const 1))
                    (func (export "proxy_on_tick") (param i32)
                      (if (i32.eqz (global.get $id)) (then (return)))
                      (drop (call $set_effective_context (global.get $id)))
                      (drop (call $continue_stream (i32.const 1))))
                    """)
            ) { $0.pauseDeadline = .milliseconds(100) }
            let stream = await filters.stream(filter)
            guard case .localReply(let reply) = await stream.requestHeaders(getRequest, endOfStream: true) else {
                Issue.record("the pause had no end")
                return
            }
            #expect(reply.status == 504)
            await stream.finish()
        }
    }

    @Test("A request that is held back ends with its stream, when the response was complete before")
    func earlyResponse() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $say @"paused") (i32.const 1))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            let upload = Task { await stream.requestBody("held back", endOfStream: true) }
            await filters.log.wait(for: "paused")
            _ = await stream.responseHeaders(okResponse, endOfStream: true)
            await stream.finish()
            guard case .localReply = await upload.value else {
                Issue.record("the upload went on")
                return
            }
        }
    }

    @Test("So do a response's headers")
    func responseHeaders() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(continuingByTick("response_headers", stream: 1))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
            await stream.finish()
        }
    }

    @Test("The end of a body that is held back waits for a tick, and all of it goes on")
    func body() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(continuingByTick("request_body", stream: 0))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("all of it", endOfStream: true).forwarded == "all of it")
            await stream.finish()
        }
    }

    @Test("Trailers that are held back wait for a tick")
    func trailers() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(continuingByTick("request_trailers", stream: 0, parameters: "i32 i32"))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestTrailers(["x": "y"]).forwarded == ["x": "y"])
            await stream.finish()
        }
    }

    @Test("A filter that continues within its own callback is not held back by its answer")
    func ownCallback() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $continue_stream (i32.const 0))) (i32.const 1))
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
                      (drop (call $continue_stream (i32.const 0))) (i32.const 1))
                    """))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: false).forwarded == getRequest)
            #expect(await stream.requestBody("body", endOfStream: true).forwarded == "body")
            await stream.finish()
        }
    }

    @Test("Every answer to headers that stops, stops", arguments: [1, 3, 4, 5, -1])
    func stopping(action: Int) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const \#(action)))"#
                )
            ) { $0.pauseDeadline = .milliseconds(1) }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 504)
            await stream.finish()
        }
    }

    @Test(
        "What is held back for longer than the deadline is answered with 504",
        arguments: ["request_headers", "request_body", "response_headers"]
    )
    func deadline(callback: String) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(#"(func (export "proxy_on_\#(callback)") (param i32 i32 i32) (result i32) (i32.const 1))"#)
            ) { $0.pauseDeadline = .milliseconds(2) }
            let stream = await filters.stream(filter)
            var reply = await stream.requestHeaders(getRequest, endOfStream: false).reply
            if reply == nil { reply = await stream.requestBody("b", endOfStream: true).reply }
            if reply == nil { reply = await stream.responseHeaders(okResponse, endOfStream: true).reply }
            #expect(reply?.status == 504)
            #expect(reply?.details == "pause_deadline")
            await stream.finish()
        }
    }

    /// A filter that holds back the headers for ever and says so.
    private let endlessPause = Guest.wat(
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $say @"paused") (i32.const 1))
        (func (export "proxy_on_delete") (param i32) (call $say @"deleted"))
        """)

    @Test("A client that goes away releases what waits for a filter")
    func cancelled() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(endlessPause)
            let stream = await filters.stream(filter)
            async let outcome = stream.requestHeaders(getRequest, endOfStream: true)
            stream.cancel()
            let reply = await outcome.reply
            #expect(reply?.resetsStream == true)
            #expect(reply?.details == "client_went_away")
            await stream.finish()
            #expect(filters.log.messages.last == "deleted" || filters.log.messages.isEmpty)
        }
    }

    @Test("So does the cancellation of the task that waits")
    func taskCancelled() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(endlessPause)
            let stream = await filters.stream(filter)
            let task = Task { await stream.requestHeaders(getRequest, endOfStream: true) }
            task.cancel()
            #expect(await task.value.reply?.resetsStream == true)
            await stream.finish()
        }
    }

    @Test("So does the end of the stream")
    func finished() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(endlessPause)
            let stream = await filters.stream(filter)
            let task = Task { await stream.requestHeaders(getRequest, endOfStream: true) }
            await filters.log.wait(for: "paused")
            await stream.finish()
            #expect(await task.value.reply?.resetsStream == true)
            #expect(filters.log.messages == ["paused", "deleted"])
        }
    }

    @Test("A stream that is let go without an end is ended")
    func letGo() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(endlessPause) { $0.pauseDeadline = .milliseconds(1) }
            do {
                let stream = await filters.stream(filter)
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 504)
            }
            await filters.log.wait(for: "deleted")
            #expect(await filter.status().openStreams == 0)
        }
    }

    @Test("A response that is held back ends at once when the request ends the stream")
    func otherMessage() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 4)) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))
                    (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
                      (call $say @"paused") (i32.const 1))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            let response = Task { await stream.responseHeaders(okResponse, endOfStream: true) }
            await filters.log.wait(for: "paused")
            #expect(await stream.requestBody("12345").reply?.status == 413)
            #expect(await response.value.reply?.status == 413)
            await stream.finish()
        }
    }
}
