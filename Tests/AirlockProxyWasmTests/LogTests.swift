import Airlock
import AirlockProxyWasm
import AirlockTesting
import Logging
import Testing

@Suite("Logging and time")
struct LogTests {
    private func onRequest(_ body: String) -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) \(body) (i32.const 0))
            """)
    }

    private func run(_ filters: Filters, _ source: PluginSource) async throws {
        let stream = await filters.stream(try await filters.load(source))
        _ = await stream.requestHeaders(getRequest, endOfStream: true)
        await stream.finish()
    }

    @Test("The six levels reach the log under the filter's name, and others are refused")
    func levels() async throws {
        try await withFilters { filters in
            let calls = (0...6).map { #"(call $note (i32.const 115) (call $log (i32.const \#($0)) @"level \#($0)"))"# }
            try await run(filters, onRequest(calls.joined()))
            let lines = filters.log.lines.filter { $0.message.hasPrefix("level") }
            #expect(lines.map(\.level) == [.trace, .debug, .info, .warning, .error, .critical])
            #expect(lines.allSatisfy { $0.filter == "filter" })
            #expect(filters.log.messages.last == "s=2")
        }
    }

    @Test("A text cannot forge lines of the log, and a long one is cut")
    func text() async throws {
        try await withFilters { filters in
            try await run(
                filters,
                onRequest(
                    #"""
                    (call $say @"one\0atwo\1b[0m\ff\09end")
                    (call $say (i32.const 1024) (i32.const 40000))
                    """#))
            #expect(filters.log.messages.first == "one\\ntwo\\u{1b}[0m\u{FFFD}\tend")
            let cut = try #require(filters.log.messages.last)
            #expect(cut != filters.log.messages.first)
            #expect((1..<200_000).contains(cut.utf8.count))
        }
    }

    @Test("A flood of log lines ends in the limit of output bytes")
    func flood() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                onRequest("(loop $l (call $say (i32.const 1024) (i32.const 1000)) (br $l))")
            ) { $0.limits.outputBytes = 10_000 }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            let report = await stream.finish()
            #expect(report.filters.first?.failure?.code == .output)
            #expect(filters.log.messages.count <= 11)
        }
    }

    @Test("One event gets so many lines and no more, even empty ones")
    func lines() async throws {
        try await withFilters { filters in
            try await run(
                filters,
                onRequest(
                    """
                    (local $n i32)
                    (loop $l
                      (call $say (i32.const 0) (i32.const 0))
                      (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 5000))))
                    """))
            #expect(filters.log.messages.count == 1000)
        }
    }

    @Test("A filter can ask for the level of the log")
    func level() async throws {
        try await withFilters { filters in
            try await run(
                filters,
                onRequest(
                    """
                    (i32.store (i32.const 24) (i32.const 77))
                    (call $note (i32.const 115) (call $get_log_level (i32.const 24)))
                    (call $note (i32.const 108) (i32.load (i32.const 24)))
                    """))
            #expect(filters.log.messages == ["s=0", "l=0"])
        }
    }

    @Test("The time of day is later than this test was written")
    func time() async throws {
        try await withFilters { filters in
            try await run(
                filters,
                onRequest(
                    """
                    (call $note (i32.const 115) (call $get_current_time_nanoseconds (i32.const 24)))
                    (call $note (i32.const 116) (i64.gt_u (i64.load (i32.const 24)) (i64.const 1700000000000000000)))
                    """))
            #expect(filters.log.messages == ["s=0", "t=1"])
        }
    }
}
