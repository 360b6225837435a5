import Airlock
import AirlockProxyWasm
import Testing

@Suite("Quotas of filters")
struct FilterQuotaTests {
    /// A filter that loops without end at a request with the header "spin".
    private let spinning = Guest.wat(
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (if (i32.eqz (call $get_header_map_value (i32.const 0) @"spin" @result)) (then (loop $l (br $l))))
          (i32.const 0))
        """)

    private var spinRequest: HeaderMap {
        var map = getRequest
        map.append(name: "spin", value: "now")
        return map
    }

    private func shared(_ configuration: inout FilterConfiguration) {
        configuration.limits.fuel = .max
        configuration.limits.deadline = .seconds(600)
        // Nothing comes back during a test.
        configuration.limits.loopShare = LoopShare(perSecond: .nanoseconds(1), burst: .milliseconds(20))
    }

    @Test("A filter that loops is cut at its share of the loop, and then refused without being run")
    func loopShare() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(spinning, shared)
            let first = await filters.stream(filter)
            #expect(await first.requestHeaders(spinRequest, endOfStream: true).reply?.status == 503)
            let cut = await first.finish()
            #expect(cut.filters.first?.failure?.code == .quotaExceeded)
            #expect(cut.filters.first?.failure?.quota == "loopShare")

            let other = try await filters.load(spinning, name: "other")
            let served = await filters.stream(other)
            #expect(await served.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            _ = await served.finish()
        }
    }

    @Test(
        "A filter whose share is used up is passed over or refused, as its failure policy says",
        arguments: [true, false])
    func refused(isOpen: Bool) async throws {
        try await withFilters { filters in
            let filter = try await filters.load(spinning) {
                shared(&$0)
                $0.failurePolicy = isOpen ? .open : .closed
            }
            let spender = await filters.stream(filter)
            _ = await spender.requestHeaders(spinRequest, endOfStream: true)
            _ = await spender.finish()
            let stream = await filters.stream(filter)
            let outcome = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(isOpen ? outcome.forwarded == getRequest : outcome.reply?.status == 503)
            let report = await stream.finish()
            #expect(report.filters.first?.failure?.code == .quotaExceeded)
            #expect(report.filters.first?.usage.calls == 0)
        }
    }

    @Test("A stream that is given up because of its filter's share ends for the guest as others do")
    func givenUp() async throws {
        var functions = ForeignFunctions()
        functions["block"] = { (_) throws(ForeignFunctionError) in
            let end = ContinuousClock.now + .milliseconds(150)
            while ContinuousClock.now < end {}
            return []
        }
        // Nothing is called behind the function, so that the callback is not cut.
        let source = Guest.wat(
            """
            (global $stream (mut i32) (i32.const 0))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
            (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
              (drop (call $call_foreign_function @"block" @"" @result)) (i32.const 0))
            (func (export "proxy_on_done") (param i32) (result i32) (drop (call $log (i32.const 2) @"done")) (i32.const 1))
            (func (export "proxy_on_delete") (param i32) (drop (call $log (i32.const 2) @"deleted")))
            """)
        try await withFilters(foreignFunctions: functions) { filters in
            let filter = try await filters.load(source) {
                shared(&$0)
                $0.limits.loopShare = LoopShare(perSecond: .nanoseconds(1), burst: .milliseconds(50))
            }
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: false).forwarded == getRequest)
            #expect(await stream.requestBody("a").forwarded == "a")
            #expect(await stream.requestBody("b").reply?.status == 503)
            let report = await stream.finish()
            #expect(report.filters.first?.failure?.code == .quotaExceeded)
            #expect(filters.log.messages == ["done", "deleted"])
        }
    }

    @Test("What a filter logs is taken from its quota")
    func logBytes() async throws {
        let quota = try Quota("tenant", logBytes: QuotaRate(1, per: .seconds(1_000), burst: 20))
        let chatty = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (call $say @"0123456789") (i32.const 0))
            """)
        try await withFilters { filters in
            let filter = try await filters.load(chatty) { $0.quota = quota }
            for status in [nil, nil, 503] as [UInt32?] {
                let stream = await filters.stream(filter)
                #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == status)
                let report = await stream.finish()
                #expect(report.filters.first?.failure?.code == (status == nil ? nil : .quotaExceeded))
                #expect(report.filters.first?.usage.logBytes == (status == nil ? 10 : 0))
            }
        }
    }

    @Test("Filters of one quota share its fuel, and not their virtual machine with those of another")
    func fuel() async throws {
        let quota = try Quota("tenant", fuel: QuotaRate(1, per: .seconds(1_000), burst: 1_000_000))
        try await withFilters { filters in
            let spins = try await filters.load(spinning, name: "spins") {
                $0.quota = quota
                $0.limits.fuel = 2_000_000
            }
            let behaves = try await filters.load(spinning, name: "behaves") { $0.quota = quota }
            let free = try await filters.load(spinning, name: "free")
            let first = await filters.stream(spins)
            #expect(await first.requestHeaders(spinRequest, endOfStream: true).reply?.status == 503)
            _ = await first.finish()
            let second = await filters.stream(behaves)
            #expect(await second.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            let failure = await second.finish().filters.first?.failure
            #expect(failure?.code == .quotaExceeded)
            #expect(failure?.plugin == "behaves")
            #expect(failure?.quota == "tenant")
            let third = await filters.stream(free)
            #expect(await third.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            _ = await third.finish()
        }
        #expect(quota.usage.memoryBytes == 0)
    }
}
