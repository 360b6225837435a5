import Airlock
import AirlockProxyWasm
import Testing

@Suite("Failures of filters")
struct FailureTests {
    /// How a filter fails, what it does for that, and the code that is reported.
    static let failures: [(name: String, code: String, error: PluginError.Code)] = [
        ("trap", "unreachable", .trap),
        ("endless loop", "(loop $l (br $l))", .fuel),
        (
            "memory eater", "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable",
            .memory
        ),
        ("deep recursion", "(call $deep)", .trap),
        ("host calls", "(loop $l (drop (call $get_log_level (i32.const 24))) (br $l))", .hostCalls),
    ]

    /// A filter that counts its requests in a global, and fails at a request with the header "fail".
    private func failing(_ code: String) -> PluginSource {
        Guest.wat(
            """
            (global $requests (mut i32) (i32.const 0))
            (func $deep (call $deep) (call $deep))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
              (call $note (i32.const 110) (global.get $requests))
              (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then \(code)))
              (i32.const 0))
            (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
              (drop (call $add_header_map_value (i32.const 2) @"x-filtered" @"yes")) (i32.const 0))
            """)
    }

    private var failRequest: HeaderMap {
        var map = getRequest
        map.append(name: "fail", value: "now")
        return map
    }

    private func small(_ configuration: inout FilterConfiguration) {
        configuration.limits.fuel = 3_000_000
        configuration.limits.hostCalls = 1_000
        configuration.limits.memory = 4 << 20
    }

    @Test(
        "closed: the request is answered with 503, the other open stream too, and the next finds a new machine",
        arguments: failures.map(\.name))
    func closed(name: String) async throws {
        let failure = try #require(Self.failures.first { $0.name == name })
        try await withFilters { filters in
            let filter = try await filters.load(failing(failure.code), small)
            let open = await filters.stream(filter)
            #expect(await open.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)

            let failed = await filters.stream(filter)
            let reply = await failed.requestHeaders(failRequest, endOfStream: true).reply
            #expect(reply?.status == 503)
            #expect(reply?.details == "filter_failed")
            let report = await failed.finish()
            #expect(report.filters.first?.failure?.code == failure.error)
            #expect(report.filters.first?.failure?.report != nil)
            #expect(report.filters.first?.usage.fuelUsed ?? 0 > 0)

            #expect(await open.responseHeaders(okResponse, endOfStream: true).reply?.status == 503)
            #expect(await open.finish().filters.first?.failure?.code == .unavailable)

            let next = await filters.stream(filter)
            #expect(await next.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(await next.responseHeaders(okResponse, endOfStream: true).forwarded?["x-filtered"] == "yes")
            await next.finish()
            #expect(filters.log.messages.filter { $0.hasPrefix("n=") } == ["n=1", "n=2", "n=1"])
            let status = await filter.status()
            #expect(status.failures == 1)
            #expect(status.lastFailure?.code == failure.error)
            #expect(status.openStreams == 0)
        }
    }

    @Test("open: the request and the other open stream go on without the filter", arguments: failures.map(\.name))
    func open(name: String) async throws {
        let failure = try #require(Self.failures.first { $0.name == name })
        try await withFilters { filters in
            let filter = try await filters.load(failing(failure.code)) {
                small(&$0)
                $0.failurePolicy = .open
            }
            let other = await filters.stream(filter)
            #expect(await other.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            let failed = await filters.stream(filter)
            #expect(await failed.requestHeaders(failRequest, endOfStream: true).forwarded == failRequest)
            for stream in [failed, other] {
                #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
                #expect(await stream.finish().filters.first?.failure != nil)
            }
            let next = await filters.stream(filter)
            _ = await next.requestHeaders(getRequest, endOfStream: true)
            #expect(await next.responseHeaders(okResponse, endOfStream: true).forwarded?["x-filtered"] == "yes")
            await next.finish()
        }
    }

    @Test("reload: requests are answered with 503 while the replacement is waited for")
    func reloadWaits() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(failing("unreachable")) {
                $0.failurePolicy = .reload(backoff: ReloadBackoff(initial: .seconds(3600), maximum: .seconds(3600)))
            }
            let failed = await filters.stream(filter)
            #expect(await failed.requestHeaders(failRequest, endOfStream: true).reply?.status == 503)
            await failed.finish()
            #expect(await filter.status().readyLoops == 0)
            let waiting = await filters.stream(filter)
            #expect(await waiting.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            #expect(await waiting.finish().filters.first?.failure?.code == .unavailable)
            // A new version need not wait.
            try await filter.reload()
            let next = await filters.stream(filter)
            #expect(await next.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await next.finish()
        }
    }

    @Test("reload: after the wait the replacement serves")
    func reloadServes() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $say @"configured") (i32.const 1))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable)) (i32.const 0))
                    """)
            ) { $0.failurePolicy = .reload(backoff: ReloadBackoff(initial: .milliseconds(2))) }
            for round in 1...3 {
                let failed = await filters.stream(filter)
                #expect(await failed.requestHeaders(failRequest, endOfStream: true).reply?.status == 503)
                await failed.finish()
                await filters.log.wait(for: "configured", count: round + 1)
                let next = await filters.stream(filter)
                #expect(await next.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
                await next.finish()
            }
            #expect(await filter.status().failures == 3)
        }
    }

    @Test("Each failure that ends a machine is an event of the host", .timeLimit(.minutes(1)))
    func events() async throws {
        try await withFilters { filters in
            let events = filters.host.events()
            let filter = try await filters.load(failing("unreachable"), name: "bad")
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(failRequest, endOfStream: true)
            await stream.finish()
            for await event in events {
                guard case .instanceDiscarded(let error) = event.kind else { continue }
                #expect(error.code == .trap)
                #expect(event.plugin == "bad")
                #expect(event.version == 1)
                break
            }
        }
    }

    @Test("A deadline ends a filter that never returns")
    func deadline() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(failing("(loop $l (br $l))")) {
                $0.limits.fuel = .max / 2
                $0.limits.deadline = .milliseconds(20)
            }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(failRequest, endOfStream: true).reply?.status == 503)
            #expect(await stream.finish().filters.first?.failure?.code == .deadline)
        }
    }

    @Test("A chain's other filters see a failed filter's 503, and go on being served")
    func chain() async throws {
        try await withFilters { filters in
            let good = try await filters.load(failing("(nop)"), name: "good")
            let bad = try await filters.load(failing("unreachable"), name: "bad")
            let stream = await filters.stream(good, bad)
            let reply = await stream.requestHeaders(failRequest, endOfStream: true).reply
            #expect(reply?.status == 503)
            #expect(reply?.headers["x-filtered"] == "yes")
            let report = await stream.finish()
            #expect(report.filters.map { $0.failure == nil } == [true, false])
        }
    }

    @Test("A failure that comes while another stream is held back answers that one at once")
    func heldBack() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable))
                      (call $say @"paused") (i32.const 1))
                    """))
            let paused = await filters.stream(filter)
            let task = Task { await paused.requestHeaders(getRequest, endOfStream: true) }
            await filters.log.wait(for: "paused")
            let failed = await filters.stream(filter)
            #expect(await failed.requestHeaders(failRequest, endOfStream: true).reply?.status == 503)
            #expect(await task.value.reply?.status == 503)
            await paused.finish()
            await failed.finish()
        }
    }

    @Test(
        "Of ten streams that two filters hold back in one machine, each follows the policy of its own filter when it fails"
    )
    func tenHeldBack() async throws {
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable))
              (call $say @"paused") (i32.const 1))
            """)
        try await withFilters { filters in
            let closed = try await filters.load(source, name: "closed")
            let open = try await filters.load(source, name: "open") { $0.failurePolicy = .open }
            var waiting: [(stream: HTTPFilterStream, isOpen: Bool, outcome: Task<HeadersOutcome, Never>)] = []
            for number in 0..<10 {
                let isOpen = number.isMultiple(of: 2)
                let stream = await filters.stream(isOpen ? open : closed)
                let task = Task { await stream.requestHeaders(getRequest, endOfStream: true) }
                waiting.append((stream, isOpen, task))
            }
            await filters.log.wait(for: "paused", count: 10)
            let failed = await filters.stream(closed)
            #expect(await failed.requestHeaders(failRequest, endOfStream: true).reply?.status == 503)
            #expect(await failed.finish().filters.first?.failure?.code == .trap)
            for (stream, isOpen, task) in waiting {
                let outcome = await task.value
                if isOpen {
                    #expect(outcome.forwarded == getRequest)
                } else {
                    #expect(outcome.reply?.details == "filter_failed")
                }
                #expect(await stream.finish().filters.first?.failure?.code == .unavailable)
            }
            #expect(await closed.status().failures == 1)
            #expect(await open.status().failures == 0)
        }
    }

    @Test("A body that a failed filter held back goes on without it where the policy is open")
    func heldBody() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_body") (param $id i32) (param $size i32) (param $end i32) (result i32)
                      (if (local.get $end) (then unreachable)) (i32.const 1))
                    """)
            ) { $0.failurePolicy = .open }
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: false)
            #expect(await stream.requestBody("abc").forwarded == "")
            #expect(await stream.requestBody("def", endOfStream: true).forwarded == "abcdef")
            await stream.finish()
        }
    }

    @Test("Ticks that a failing callback asked for are gone with its machine")
    func ticksOfTheDead() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) unreachable)
                    (func (export "proxy_on_tick") (param i32) (call $say @"tick of the dead"))
                    """))
            let clock = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_tick") (param i32) (call $say @"tick"))
                    """), name: "clock")
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            await filters.log.wait(for: "tick", count: 20)
            #expect(!filters.log.messages.contains("tick of the dead"))
            await clock.unload()
        }
    }

    @Test("A failure in a tick ends the machine, and the replacement ticks again")
    func tick() async throws {
        try await withFilters { filters in
            // It fails after a stream only: a version that fails before it serves does not come to serve.
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (global $served (mut i32) (i32.const 0))
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (global.set $served (i32.const 1)) (i32.const 0))
                    (func (export "proxy_on_tick") (param i32)
                      (if (global.get $served) (then (call $say @"tick") unreachable)))
                    """))
            // Streams that come while no machine runs do not reach one.
            while filters.log.messages.count(where: { $0 == "tick" }) < 3 {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
            }
            #expect(await filter.status().failures >= 2)
        }
    }

    @Test("A failure while the stream ends is reported and changes nothing for the client")
    func atTheEnd() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.wat(#"(func (export "proxy_on_log") (param i32) unreachable)"#))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
            let report = await stream.finish()
            #expect(report.filters.first?.failure?.code == .trap)
            #expect(report.replyDetails == nil)
            #expect(await filter.status().readyLoops == 1)
        }
    }

    @Test("A replacement that does not start is tried again after a wait")
    func failingRestart() async throws {
        try await withFilters { filters in
            // The first machine starts, the second one refuses to, and the third one starts again.
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_configure") (param i32 i32) (result i32)
                      (if (call $get_shared_data @"first" @result (i32.const 24)) (then
                        (drop (call $set_shared_data @"first" @"1" (i32.const 0))) (return (i32.const 1))))
                      (if (call $get_shared_data @"second" @result (i32.const 24)) (then
                        (drop (call $set_shared_data @"second" @"1" (i32.const 0))) (call $say @"refused") (return (i32.const 0))))
                      (call $say @"configured") (i32.const 1))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable)) (i32.const 0))
                    """))
            let failed = await filters.stream(filter)
            #expect(await failed.requestHeaders(failRequest, endOfStream: true).reply?.status == 503)
            await failed.finish()
            await filters.log.wait(for: "configured")
            #expect(filters.log.messages == ["refused", "configured"])
            let next = await filters.stream(filter)
            #expect(await next.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await next.finish()
        }
    }
}
