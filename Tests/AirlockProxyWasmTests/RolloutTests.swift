import Airlock
import AirlockProxyWasm
import AirlockTesting
import Foundation
import TestSupport
import Testing

@Suite("Bringing versions of filters into service")
struct RolloutTests {
    private let long = Duration.seconds(3_600)

    /// A filter that adds its number to the request's header `x-version`, before it does something else.
    private func version(_ number: Int, then more: String = "") -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (drop (call $add_header_map_value (i32.const 0) @"x-version" @"\(number)")) \(more) (i32.const 0))
            (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (i32.const 0))
            """)
    }

    private func versionOfRequest(_ filters: Filters, _ filter: ProxyWasmFilter, _ key: RoutingKey) async -> String? {
        let chain = HTTPFilterChain([filter], runtime: filters.runtime)
        let stream = await chain.openStream(routedBy: key)
        defer { Task { await stream.finish() } }
        return await stream.requestHeaders(getRequest, endOfStream: true).forwarded?["x-version"]
    }

    @Test("A canary gets its share of the streams, the same keys each time, until it is promoted")
    func canary() async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(version(1))
            try await filter.releases.reload(from: version(2), strategy: .canary(share: 0.3, for: long))
            #expect(await filter.status().version == 1)
            var first: [String?] = []
            var second: [String?] = []
            for user in 0..<100 {
                first.append(await versionOfRequest(filters, filter, RoutingKey("user-\(user)")))
                second.append(await versionOfRequest(filters, filter, RoutingKey("user-\(user)")))
            }
            #expect(first == second)
            #expect((15...45).contains(first.count { $0 == "2" }))
            #expect(first.allSatisfy { $0 == "1" || $0 == "2" })
            try await filter.releases.promote()
            for user in 0..<20 {
                #expect(await versionOfRequest(filters, filter, RoutingKey("user-\(user)")) == "2")
            }
        }
    }

    @Test(
        "A probe is refused, since a filter has the ABI's own",
        arguments: [
            ReloadPolicy(probe: { (_, _) throws(PluginError) in }),
            ReloadPolicy(suspendableProbe: { (_, _) async throws(PluginError) in }),
        ])
    func probe(policy: ReloadPolicy) async throws {
        try await withFilters { filters in
            let error = await filters.refusal(version(1)) { $0.reload = policy }
            #expect(error?.code == .configuration)
            #expect(error?.plugin == "filter")
            #expect(error?.message.contains("probe, expected none") == true)
            #expect(filters.host.instanceCount == 0)
        }
    }

    @Test(
        "A stream whose canary traps on the request's headers goes on with the running version, as if nothing had been",
        arguments: [
            "unreachable",
            #"(drop (call $send_local_response (i32.const 403) @"" @"no" @"" (i32.const -1))) unreachable"#,
            "(drop (call $close_stream (i32.const 0))) unreachable",
        ])
    func fallback(failing: String) async throws {
        try await withFilters { filters in
            var events = RecordedEvents(of: filters.host)
            let first = try await filters.load(version(7), name: "first")
            let filter = try await filters.load(version(1))
            let budget = ErrorBudget(share: 0.05, ofAtLeast: 100)
            let bad = try await filter.releases.reload(
                from: version(2, then: failing), strategy: .canary(share: 1, for: long, errorBudget: budget))
            let chain = HTTPFilterChain([first, filter], runtime: filters.runtime)
            for _ in 0..<20 {
                let stream = await chain.openStream()
                let headers = await stream.requestHeaders(getRequest, endOfStream: true).forwarded
                // Nothing of the failed version's is left, and the other filter's is there once.
                #expect(headers?.values(of: "x-version") == ["7", "1"])
                #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
                let report = await stream.finish()
                #expect(report.filters.allSatisfy { $0.failure == nil })
            }
            let end = await events.first { if case .trialEnded = $0.kind { true } else { false } }
            guard case .trialEnded(let result, .overBudget) = end?.kind else {
                Issue.record("\(String(describing: end))")
                return
            }
            #expect(result.failures >= 6)
            _ = await events.first { if case .moduleQuarantined = $0.kind { true } else { false } }
            #expect(await filter.releases.quarantined().map(\.digest) == [bad.digest])
            #expect(await filter.status().liveVersions == [1])
            let error = await #expect(throws: PluginError.self) {
                try await filter.reload(from: version(2, then: failing))
            }
            #expect(error?.code == .quarantined)
        }
    }

    @Test("A stream that lost another filter with its canary is refused, whatever the canary had answered")
    func fallbackWithoutOther() async throws {
        try await withFilters { filters in
            // Both are in one machine. The second one traps, since it meets the header of the first.
            let shared = Guest.wat(
                """
                (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                  (if (i32.eqz (call $get_header_map_value (i32.const 0) @"x-version" @result)) (then
                    (drop (call $send_local_response (i32.const 200) @"" @"let in" @"" (i32.const -1))) unreachable))
                  (drop (call $add_header_map_value (i32.const 0) @"x-version" @"2")) (i32.const 0))
                """)
            let first = try await filters.load(shared, name: "first")
            let filter = try await filters.load(version(1))
            try await filter.releases.reload(from: shared, strategy: .canary(share: 1, for: long))
            let stream = await filters.stream(first, filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            await stream.finish()
        }
    }

    @Test("A canary that may not fall back fails its streams as its failure policy says")
    func noFallback() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(version(1))
            try await filter.releases.reload(
                from: version(2, then: "unreachable"), strategy: .canary(share: 1, for: long, fallsBack: false))
            let stream = await filters.stream(filter)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.status == 503)
            await stream.finish()
        }
    }

    @Test("A dropped canary and a rolled back version end with their last streams")
    func rollBack() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(version(1))
            try await filter.releases.reload(from: version(2), strategy: .canary(share: 1, for: long))
            let open = await filters.stream(filter)
            #expect(await open.requestHeaders(getRequest, endOfStream: true).forwarded?["x-version"] == "2")
            try await filter.releases.rollBack()
            #expect(await filter.status().liveVersions == [1, 2])
            await open.finish()
            #expect(await filter.status().liveVersions == [1])

            try await filter.reload(from: version(3))
            #expect(await versionOfRequest(filters, filter, RoutingKey("a")) == "3")
            #expect(try await filter.releases.rollBack().number == 1)
            #expect(await versionOfRequest(filters, filter, RoutingKey("a")) == "1")
        }
    }

    @Test("A stream of a replaced version that goes on after the drain deadline is ended, and that is reported")
    func drain() async throws {
        try await withFilters { filters in
            var events = RecordedEvents(of: filters.host)
            let filter = try await filters.load(version(1)) { $0.reload.drainDeadline = .milliseconds(10) }
            let open = await filters.stream(filter)
            _ = await open.requestHeaders(getRequest, endOfStream: true)
            try await filter.reload(from: version(2))
            let event = await events.first { if case .drained = $0.kind { true } else { false } }
            guard case .drained(stopped: 1) = event?.kind else {
                Issue.record("\(String(describing: event))")
                return
            }
            #expect(await open.responseHeaders(okResponse, endOfStream: true).reply?.resetsStream == true)
            #expect(await open.finish().replyDetails == "drain_deadline")
            #expect(await filter.status().liveVersions == [2])
        }
    }

    @Test("A stream that is through at the drain deadline is not ended by it, though nobody has finished it")
    func drainOfWhatIsThrough() async throws {
        try await withFilters { filters in
            var events = RecordedEvents(of: filters.host)
            let filter = try await filters.load(version(1)) { $0.reload.drainDeadline = .milliseconds(10) }
            let open = await filters.stream(filter)
            _ = await open.requestHeaders(getRequest, endOfStream: true)
            _ = await open.responseHeaders(okResponse, endOfStream: true)
            try await filter.reload(from: version(2))
            let event = await events.first { $0.stopped != nil }
            #expect(event?.stopped == 0)
            #expect(await open.finish().replyDetails == nil)
            #expect(await filter.status().liveVersions == [2])
        }
    }

    @Test("Streams of a version that is rolled back to in time are not ended by the deadline")
    func drainOfWhatCameBack() async throws {
        try await withFilters { filters in
            var events = RecordedEvents(of: filters.host)
            let filter = try await filters.load(version(1)) { $0.reload.drainDeadline = .seconds(10) }
            let old = await filters.stream(filter)
            _ = await old.requestHeaders(getRequest, endOfStream: true)
            try await filter.reload(from: version(2))
            try await filter.releases.rollBack()
            let new = await filters.stream(filter)
            _ = await new.requestHeaders(getRequest, endOfStream: true)
            let first = await events.first { $0.version == 1 && $0.stopped != nil }
            #expect(first?.stopped == 0)
            // When it is replaced again, both are waited for.
            try await filter.reload(from: version(3))
            for stream in [old, new] {
                #expect(await filter.status().liveVersions == [1, 3])
                #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
                await stream.finish()
            }
            let second = await events.first { $0.version == 1 && $0.stopped != nil }
            #expect(second?.stopped == 0)
            #expect(await filter.status().liveVersions == [3])
        }
    }

    @Test("Nothing runs of a version whose promotion cannot be written to disk; it stays staged")
    func promotionNotWritten() async throws {
        let folder = try TemporaryFolder()
        let path = folder.at("releases")
        let store = try ReleaseStore(folder: path)
        try await withFilters { filters in
            let filter = try await filters.load(version(1)) { $0.reload.store = store }
            try await filter.releases.reload(from: version(2), strategy: .manual)
            try FileManager.default.removeItem(atPath: path)
            for _ in 0..<2 {
                let error = await #expect(throws: PluginError.self) { try await filter.releases.promote() }
                #expect(error?.code == .storage)
                #expect(await filter.status().liveVersions == [1])
            }
            #expect(await filter.releases.list().map(\.state) == [.staged(nil), .serving])
        }
    }

    @Test("A filter cannot be shadowed")
    func shadow() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(version(1))
            let error = await #expect(throws: PluginError.self) {
                try await filter.releases.reload(from: version(2), strategy: .shadow(for: long))
            }
            #expect(error?.code == .configuration)
            #expect(await filter.releases.list().map(\.number) == [1])
        }
    }
}

extension PluginEvent {
    /// How many streams were stopped at the end of a drain.
    fileprivate var stopped: Int? {
        if case .drained(let stopped) = kind { stopped } else { nil }
    }
}
