import Airlock
import AirlockProxyWasm
import AirlockTesting
import Testing

@Suite("What counts against a version of a filter that is being tried")
struct TrialTests {
    private let long = Duration.seconds(3_600)
    /// Never overdrawn.
    private let anything = ErrorBudget(share: 1)

    private let passing = Guest.wat(
        #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))"#)

    /// A filter that says "seen", and traps where the request has a header `fail`.
    private let trapping = Guest.wat(
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $say @"seen")
          (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable)) (i32.const 0))
        """)

    private var failRequest: HeaderMap {
        var map = getRequest
        map.append(name: "fail", value: "now")
        return map
    }

    /// Tries a version of all streams, for so long that only its failures end it.
    private func tryOut(_ source: PluginSource, _ filter: ProxyWasmFilter) async throws {
        try await filter.releases.reload(
            from: source, strategy: .canary(share: 1, for: long, errorBudget: anything))
    }

    private func result(of filter: ProxyWasmFilter) async -> TrialResult? {
        for release in await filter.releases.list() {
            if case .canary(let result) = release.state { return result }
        }
        return nil
    }

    @Test("A stream that it served counts as a call, also where it has nothing to do with streams")
    func success() async throws {
        for source in [passing, Guest.wat("")] {
            try await withFilters { filters in
                let filter = try await filters.load(trapping)
                try await tryOut(source, filter)
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
                #expect(await result(of: filter) == TrialResult(calls: 1))
            }
        }
    }

    @Test("A stream that it held back for longer than the deadline")
    func pause() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(passing) { $0.pauseDeadline = .milliseconds(1) }
            try await tryOut(
                Guest.wat(
                    #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#),
                filter)
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 504)
                await stream.finish()
            }
            #expect(await result(of: filter) == TrialResult(calls: 3, failures: 3))
        }
    }

    @Test("Not a stream that another filter held back, and not one whose client went away meanwhile")
    func othersPause() async throws {
        try await withFilters { filters in
            let holding = Guest.wat(
                """
                (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
                  (call $say @"held") (if (local.get 2) (then (return (i32.const 1)))) (i32.const 0))
                """)
            let other = try await filters.load(holding, name: "other") { $0.pauseDeadline = .milliseconds(1) }
            let filter = try await filters.load(passing)
            let buffering = Guest.wat(
                """
                (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
                  (call $say @"buffered") (i32.sub (i32.const 1) (local.get 2)))
                """)
            try await tryOut(buffering, filter)
            // A response reaches the other one first, which lets go of all but the end.
            let stream = await filters.stream(filter, other)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            _ = await stream.responseBody("begin")
            #expect(await stream.responseBody("end", endOfStream: true).reply?.status == 504)
            await stream.finish()
            #expect(filters.log.messages == ["held", "buffered", "held"])
            #expect(await result(of: filter) == TrialResult(calls: 1))

            let left = await filters.stream(filter)
            _ = await left.requestHeaders(getRequest, endOfStream: true)
            _ = await left.responseHeaders(okResponse, endOfStream: false)
            _ = await left.responseBody("begin")
            await left.finish()
            #expect(await result(of: filter) == TrialResult(calls: 1))
        }
    }

    @Test("Every stream that its machine took with it")
    func machine() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(passing)
            try await tryOut(trapping, filter)
            var open: [HTTPFilterStream] = []
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                open.append(stream)
            }
            let failing = await filters.stream(filter)
            // It falls back, which the others cannot any more.
            #expect(await failing.requestHeaders(failRequest, endOfStream: true).forwarded == failRequest)
            #expect(await result(of: filter) == TrialResult(calls: 4, failures: 4))
            for stream in open {
                #expect(await stream.responseHeaders(okResponse, endOfStream: true).reply?.status == 503)
            }
            for stream in open + [failing] { await stream.finish() }
            #expect(await result(of: filter) == TrialResult(calls: 4, failures: 4))
        }
    }

    @Test("Not a stream that did not reach it")
    func notReached() async throws {
        try await withFilters { filters in
            let answering = Guest.wat(
                """
                (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                  (drop (call $send_local_response (i32.const 403) @"" @"" @"" (i32.const -1))) (i32.const 1))
                """)
            let first = try await filters.load(answering, name: "first")
            let filter = try await filters.load(passing)
            try await tryOut(trapping, filter)
            let answered = await filters.stream(first, filter)
            #expect(await answered.requestHeaders(getRequest, endOfStream: true).reply?.status == 403)
            await answered.finish()
            await filters.stream(filter).finish()
            #expect(await result(of: filter) == TrialResult())
            #expect(filters.log.messages.isEmpty)
        }
    }

    @Test("Streams that it would have got while its machine waits to be replaced; the running version serves them")
    func passedOver() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(passing) {
                $0.failurePolicy = .reload(backoff: ReloadBackoff(initial: .seconds(3_600), maximum: .seconds(3_600)))
            }
            try await tryOut(trapping, filter)
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                #expect(await stream.requestHeaders(failRequest, endOfStream: true).forwarded == failRequest)
                await stream.finish()
            }
            #expect(filters.log.messages == ["seen"])
            #expect(await result(of: filter) == TrialResult(calls: 3, failures: 3))
            let error = await #expect(throws: PluginError.self) { try await filter.releases.promote() }
            #expect(error?.code == .unavailable)
            #expect(await filter.status().version == 1)
        }
    }

    /// A filter that refuses its configuration whenever it is started again, and traps on requests.
    private let onlyOnce = Guest.wat(
        """
        (func (export "proxy_on_configure") (param i32 i32) (result i32)
          (if (i32.eqz (call $get_shared_data @"started" @result (i32.const 24)))
            (then (call $say @"refused") (return (i32.const 0))))
          (drop (call $set_shared_data @"started" @"1" (i32.const 0))) (i32.const 1))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)
        """)

    @Test("Starts of its machine that fail")
    func restart() async throws {
        try await withFilters { filters in
            var events = RecordedEvents(of: filters.host)
            let filter = try await filters.load(passing)
            // One failure is allowed, and there is no second request.
            try await filter.releases.reload(
                from: onlyOnce, strategy: .canary(share: 1, for: .milliseconds(200)))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
            guard case .trialEnded(TrialResult(calls: 2, failures: 2), .overBudget) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
            #expect(await filter.status().version == 1)
        }
    }

    @Test("A version without a machine does not take over, however much may fail")
    func notReady() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(passing)
            try await filter.releases.reload(
                from: onlyOnce, strategy: .canary(share: 1, for: .milliseconds(20), errorBudget: anything))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await stream.finish()
            // The window has passed by then, more than once.
            await filters.log.wait(for: "refused", count: 3)
            let next = await filters.stream(filter)
            #expect(await next.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            await next.finish()
            #expect(await filter.status().version == 1)
            #expect(await filter.status().readyLoops == 1)
            #expect(try #require(await result(of: filter)).failures >= 4)
        }
    }

    @Test("A version that fails before it takes over is refused", arguments: [true, false])
    func failedBefore(takesOverAtOnce: Bool) async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(passing) {
                $0.limits.fuel = 1 << 50
                $0.limits.hostCalls = 1 << 40
            }
            // The second worker loop's machine starts only when the first one's has failed.
            let failing = Guest.wat(
                """
                (func (export "proxy_on_configure") (param i32 i32) (result i32)
                  (drop (call $set_tick_period_milliseconds (i32.const 1)))
                  (if (call $get_shared_data @"first" @result (i32.const 24)) (then
                    (drop (call $set_shared_data @"first" @"1" (i32.const 0))) (return (i32.const 1))))
                  (loop $wait (br_if $wait (call $get_shared_data @"ticked" @result (i32.const 24))))
                  (i32.const 1))
                (func (export "proxy_on_tick") (param i32)
                  (drop (call $set_shared_data @"ticked" @"1" (i32.const 0))) unreachable)
                """)
            let error = await #expect(throws: PluginError.self) {
                try await filter.releases.reload(
                    from: failing, strategy: takesOverAtOnce ? .immediate : .canary(share: 1, for: long))
            }
            #expect(error?.code == .trap)
            #expect(await filter.releases.list().map(\.number) == [1])
            #expect(await filter.status().liveVersions == [1])
            #expect(await filter.status().readyLoops == 2)
        }
    }
}
