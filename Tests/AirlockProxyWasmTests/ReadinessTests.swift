import Airlock
import AirlockProxyWasm
import AirlockTesting
import Testing

@Suite("What keeps a version of a filter from taking over")
struct ReadinessTests {
    private let long = Duration.seconds(3_600)
    /// Never overdrawn.
    private let anything = ErrorBudget(share: 1)

    @Test("Streams that it would have got while its machine waits to be replaced; the running version serves them")
    func passedOver() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.passing) {
                $0.failurePolicy = .reload(backoff: ReloadBackoff(initial: .seconds(3_600), maximum: .seconds(3_600)))
            }
            try await filter.tryOut(Guest.trapping)
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                #expect(await stream.requestHeaders(failingRequest, endOfStream: true).forwarded == failingRequest)
                await stream.finish()
            }
            #expect(filters.log.messages == ["seen"])
            #expect(await filter.trialResult == TrialResult(calls: 3, failures: 3))
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
            let filter = try await filters.load(Guest.passing)
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
            let filter = try await filters.load(Guest.passing)
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
            #expect(try #require(await filter.trialResult).failures >= 4)
        }
    }

    @Test("A version that holds back more streams than may fail does not take over before they have ended")
    func waiting() async throws {
        try await withFilters { filters in
            var events = RecordedEvents(of: filters.host)
            let filter = try await filters.load(Guest.passing) { $0.pauseDeadline = long }
            let holding = Guest.wat(
                """
                (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                  (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result))
                    (then (call $say @"held") (return (i32.const 1)))) (i32.const 0))
                """)
            try await filter.releases.reload(from: holding, strategy: .canary(share: 1, for: .milliseconds(20)))
            var held: [(stream: HTTPFilterStream, headers: Task<HeadersOutcome, Never>)] = []
            for _ in 0..<2 {
                let stream = await filters.stream(filter)
                held.append((stream, Task { await stream.requestHeaders(failingRequest, endOfStream: true) }))
            }
            await filters.log.wait(for: "held", count: 2)
            await serveOne(filters, filter)

            // The other one's window begins later and is longer.
            let other = try await filters.load(Guest.passing, name: "other")
            try await other.releases.reload(
                from: Guest.trapping, strategy: .canary(share: 1, for: .milliseconds(100)))
            await serveOne(filters, other)
            _ = await events.first { $0.plugin == "other" && $0.endsTrial }
            #expect(await filter.status().version == 1)
            #expect(await filter.trialResult == TrialResult(calls: 1))

            for (stream, headers) in held {
                stream.cancel()
                #expect(await headers.value.reply?.resetsStream == true)
                await stream.finish()
            }
            let end = await events.first { $0.plugin == "filter" && $0.endsTrial }
            guard case .trialEnded(TrialResult(calls: 1), .passed) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
        }
    }

    private func serveOne(_ filters: Filters, _ filter: ProxyWasmFilter) async {
        let stream = await filters.stream(filter)
        #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
        await stream.finish()
    }

    @Test("A version that fails before it takes over is refused", arguments: [true, false])
    func failedBefore(takesOverAtOnce: Bool) async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(Guest.passing) {
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

extension PluginEvent {
    fileprivate var endsTrial: Bool {
        if case .trialEnded = kind { true } else { false }
    }
}
