import Airlock
import AirlockProxyWasm
import Testing

@Suite("Filters that fail again and again", .timeLimit(.minutes(1)))
struct QuarantineTests {
    /// A filter that fails at a request with the header "fail".
    private let failing = Guest.wat(callback)

    /// One that says when it is started.
    private let telling = Guest.wat(
        """
        (func (export "proxy_on_configure") (param i32 i32) (result i32) (call $say @"started") (i32.const 1))
        \(callback)
        """)

    private static let callback =
        """
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (call $say @"run")
          (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable))
          (i32.const 0))
        """

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
            #expect(await filter.status().readyLoops == 0)

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

    @Test("No machine is started for a quarantined filter, until it is readmitted")
    func machines() async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(telling) { $0.quarantine = QuarantinePolicy(failures: 2) }
            #expect(filters.started == 2)
            _ = await run(filters, filter, fails: true)
            #expect(filters.started == 3)
            _ = await run(filters, filter, fails: true)
            for _ in 0..<4 { _ = await run(filters, filter) }
            #expect(filters.started == 3)
            #expect(await filter.status().readyLoops == 1)
            filter.readmit()
            #expect(await filter.status().readyLoops == 2)
            #expect(filters.started == 4)
            // What runs is not started again.
            filter.readmit()
            #expect(await filter.status().readyLoops == 2)
            #expect(filters.started == 4)
        }
    }

    @Test("A readmitted filter need not wait as after a failure")
    func waits() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(telling) {
                $0.quarantine = QuarantinePolicy(failures: 1)
                $0.failurePolicy = .reload(backoff: ReloadBackoff(initial: .seconds(3600), maximum: .seconds(3600)))
            }
            _ = await run(filters, filter, fails: true)
            #expect(await filter.status().readyLoops == 0)
            filter.readmit()
            #expect(await run(filters, filter).forwarded == getRequest)
            #expect(filters.started == 2)
        }
    }

    @Test("A machine that others use is started for them, and has the quarantined filter in it once that is readmitted")
    func sharedMachine() async throws {
        try await withFilters { filters in
            let bad = try await filters.load(telling, name: "bad") { $0.quarantine = QuarantinePolicy(failures: 1) }
            let good = try await filters.load(telling, name: "good")
            // The second one was started by itself before.
            #expect(filters.started == 3)
            _ = await run(filters, bad, fails: true)
            #expect(filters.started == 4)
            #expect(await bad.status().readyLoops == 0)
            #expect(await run(filters, good).forwarded == getRequest)
            _ = await run(filters, good, fails: true)
            #expect(filters.started == 5)
            bad.readmit()
            #expect(await run(filters, bad).forwarded == getRequest)
            #expect(filters.started == 6)
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

extension Filters {
    /// How many root contexts of `telling` were configured.
    fileprivate var started: Int { log.messages.count { $0 == "started" } }
}
