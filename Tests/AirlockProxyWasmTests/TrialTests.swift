import Airlock
import AirlockProxyWasm
import Testing

@Suite("What counts against a version of a filter that is being tried")
struct TrialTests {
    @Test("A stream that it served counts as a call, also where it has nothing to do with streams")
    func success() async throws {
        for source in [Guest.passing, Guest.wat("")] {
            try await withFilters { filters in
                let filter = try await filters.load(Guest.trapping)
                try await filter.tryOut(source)
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                await stream.finish()
                #expect(await filter.trialResult == TrialResult(calls: 1))
            }
        }
    }

    @Test("A stream that it held back for longer than the deadline")
    func pause() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.passing) { $0.pauseDeadline = .milliseconds(1) }
            try await filter.tryOut(
                Guest.wat(
                    #"(func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 1))"#))
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 504)
                await stream.finish()
            }
            #expect(await filter.trialResult == TrialResult(calls: 3, failures: 3))
        }
    }

    @Test("A response of which it held back too much, and not a request")
    func heldBodies() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(bodyBytes: 4)) { filters in
            let filter = try await filters.load(Guest.passing)
            try await filter.tryOut(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (i32.const 1))
                    (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (i32.const 1))
                    """))
            let upload = await filters.stream(filter)
            _ = await upload.requestHeaders(getRequest, endOfStream: false)
            #expect(await upload.requestBody("12345").reply?.status == 413)
            await upload.finish()
            #expect(await filter.trialResult == TrialResult())

            let download = await filters.stream(filter)
            _ = await download.requestHeaders(getRequest, endOfStream: true)
            _ = await download.responseHeaders(okResponse, endOfStream: false)
            #expect(await download.responseBody("12345").reply?.resetsStream == true)
            await download.finish()
            #expect(await filter.trialResult == TrialResult(calls: 1, failures: 1))
        }
    }

    @Test("A stream that came after its share of the loop was used up; the running version serves it")
    func loopShare() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.passing) {
                $0.limits.fuel = .max / 2
                $0.limits.loopShare = LoopShare(perSecond: .nanoseconds(1), burst: .milliseconds(20))
            }
            try await filter.tryOut(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $say @"seen") (loop $more (br $more)) (i32.const 0))
                    """))
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
                await stream.finish()
            }
            #expect(filters.log.messages == ["seen"])
            let result = try #require(await filter.trialResult)
            #expect(result.calls >= 3)
            #expect(result.failures == result.calls)
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
            let filter = try await filters.load(Guest.passing)
            let buffering = Guest.wat(
                """
                (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32)
                  (call $say @"buffered") (i32.sub (i32.const 1) (local.get 2)))
                """)
            try await filter.tryOut(buffering)
            // A response reaches the other one first, which lets go of all but the end.
            let stream = await filters.stream(filter, other)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: false)
            _ = await stream.responseBody("begin")
            #expect(await stream.responseBody("end", endOfStream: true).reply?.status == 504)
            await stream.finish()
            #expect(filters.log.messages == ["held", "buffered", "held"])
            #expect(await filter.trialResult == TrialResult(calls: 1))

            let left = await filters.stream(filter)
            _ = await left.requestHeaders(getRequest, endOfStream: true)
            _ = await left.responseHeaders(okResponse, endOfStream: false)
            _ = await left.responseBody("begin")
            await left.finish()
            #expect(await filter.trialResult == TrialResult(calls: 1))
        }
    }

    @Test("A stream in whose end it traps, also where its client went away while it was held back")
    func trapAtTheEnd() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.passing)
            try await filter.tryOut(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $say @"held") (i32.const 1))
                    (func (export "proxy_on_log") (param i32) unreachable)
                    """))
            let stream = await filters.stream(filter)
            let headers = Task { await stream.requestHeaders(getRequest, endOfStream: true) }
            await filters.log.wait(for: "held")
            stream.cancel()
            #expect(await headers.value.reply?.resetsStream == true)
            await stream.finish()
            #expect(await filter.trialResult == TrialResult(calls: 1, failures: 1))
        }
    }

    @Test("Every stream that its machine took with it")
    func machine() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(Guest.passing)
            try await filter.tryOut(Guest.trapping)
            var open: [HTTPFilterStream] = []
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                open.append(stream)
            }
            let failing = await filters.stream(filter)
            // It falls back, which the others cannot any more.
            #expect(await failing.requestHeaders(failingRequest, endOfStream: true).forwarded == failingRequest)
            #expect(await filter.trialResult == TrialResult(calls: 4, failures: 4))
            for stream in open {
                #expect(await stream.responseHeaders(okResponse, endOfStream: true).reply?.status == 503)
            }
            for stream in open + [failing] { await stream.finish() }
            #expect(await filter.trialResult == TrialResult(calls: 4, failures: 4))
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
            let filter = try await filters.load(Guest.passing)
            try await filter.tryOut(Guest.trapping)
            let answered = await filters.stream(first, filter)
            #expect(await answered.requestHeaders(getRequest, endOfStream: true).reply?.status == 403)
            await answered.finish()
            await filters.stream(filter).finish()
            #expect(await filter.trialResult == TrialResult())
            #expect(filters.log.messages.isEmpty)
        }
    }
}
