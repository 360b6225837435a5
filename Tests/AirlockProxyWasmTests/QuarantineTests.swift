import Airlock
import AirlockProxyWasm
import Testing

@Suite("Filters that fail again and again", .timeLimit(.minutes(1)))
struct QuarantineTests {
    /// A filter that fails at a request with the header "fail".
    private let failing = Guest.wat(
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $say @"run")
          (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable))
          (i32.const 0))
        """)

    private func run(_ filters: Filters, _ filter: ProxyWasmFilter, fails: Bool = false) async -> HeadersOutcome {
        let stream = await filters.stream(filter)
        var headers = getRequest
        if fails { headers.append(name: "fail", value: "now") }
        let outcome = await stream.requestHeaders(headers, endOfStream: true)
        await stream.finish()
        return outcome
    }

    @Test("After so many failures a filter is not run any more, until it is readmitted, and both are events")
    func quarantined() async throws {
        try await withFilters { filters in
            let events = filters.host.events()
            let filter = try await filters.load(failing) { $0.quarantine = QuarantinePolicy(failures: 3) }
            for _ in 0..<2 { _ = await run(filters, filter, fails: true) }
            #expect(await run(filters, filter).forwarded == getRequest)
            #expect(!filter.isQuarantined)
            _ = await run(filters, filter, fails: true)
            #expect(filter.isQuarantined)
            #expect(await filter.status().readyLoops == 1)

            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            #expect(await stream.finish().filters.first?.failure?.code == .quarantined)
            #expect(filters.log.messages.count == 4)

            filter.readmit()
            #expect(await run(filters, filter).forwarded == getRequest)
            #expect(filters.log.messages.count == 5)
            var seen: [String] = []
            for await event in events {
                if case .quarantined = event.kind { seen.append("quarantined \(event.plugin) \(event.version)") }
                guard case .readmitted = event.kind else { continue }
                seen.append("readmitted")
                break
            }
            #expect(seen == ["quarantined filter 1", "readmitted"])
        }
    }

    @Test("A filter that requests can do without is left out")
    func open() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(failing) {
                $0.failurePolicy = .open
                $0.quarantine = QuarantinePolicy(failures: 1)
            }
            _ = await run(filters, filter, fails: true)
            #expect(await run(filters, filter).forwarded == getRequest)
            #expect(filters.log.messages == ["run"])
        }
    }

    @Test("A new version is run")
    func replaced() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(failing) { $0.quarantine = QuarantinePolicy(failures: 1) }
            _ = await run(filters, filter, fails: true)
            #expect(filter.isQuarantined)
            try await filter.reload()
            #expect(!filter.isQuarantined)
            #expect(await run(filters, filter).forwarded == getRequest)
        }
    }

    @Test("The failures of one filter do not count for another that shares its machine")
    func shared() async throws {
        try await withFilters { filters in
            let bad = try await filters.load(failing, name: "bad") { $0.quarantine = QuarantinePolicy(failures: 1) }
            let good = try await filters.load(failing, name: "good") { $0.quarantine = QuarantinePolicy(failures: 1) }
            _ = await run(filters, bad, fails: true)
            #expect(bad.isQuarantined)
            #expect(await run(filters, good).forwarded == getRequest)
        }
    }

    @Test("Without a policy there is no quarantine, and one that could not be is refused")
    func policies() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(failing)
            for _ in 0..<10 { _ = await run(filters, filter, fails: true) }
            #expect(!filter.isQuarantined)
            #expect(await run(filters, filter).forwarded == getRequest)
            for policy in [QuarantinePolicy(failures: 0), QuarantinePolicy(window: .zero)] {
                #expect(await filters.refusal(failing) { $0.quarantine = policy }?.code == .configuration)
            }
        }
    }
}
