import Airlock
import AirlockProxyWasm
import Testing

@Suite("Sharing of virtual machines")
struct SharingTests {
    /// Counts the requests of the machine in a global, whatever filter they are of.
    private let counting = Guest.wat(
        """
        (global $requests (mut i32) (i32.const 0))
        (func (export "proxy_on_request_headers") (param $id i32) (param i32 i32) (result i32)
          (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
          (call $note (i32.const 110) (global.get $requests))
          (drop (call $get_property @"plugin_name" @result)) (call $show)
          (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable))
          (if (i32.eqz (call $get_header_map_value (i32.const 0) @"spin" @result)) (then (loop $l (br $l))))
          (i32.const 0))
        """)

    private func run(_ filters: Filters, _ filter: ProxyWasmFilter, _ header: String? = nil) async -> StreamReport {
        let stream = await filters.stream(filter)
        var headers = getRequest
        if let header { headers.append(name: header, value: "") }
        _ = await stream.requestHeaders(headers, endOfStream: true)
        return await stream.finish()
    }

    @Test(
        "Filters with the same code, identifier, configuration, grants and memory share a machine, each with its own root context"
    )
    func shared() async throws {
        try await withFilters { filters in
            let a = try await filters.load(counting, name: "a")
            let b = try await filters.load(counting, name: "b") { $0.configuration = [1] }
            for filter in [a, b] { _ = await run(filters, filter) }
            #expect(filters.log.messages == ["n=1", "a", "n=2", "b"])
        }
    }

    @Test(
        "Filters that differ in one of them do not",
        arguments: ["vmID", "vmConfiguration", "grants", "memory", "environment", "code"]
    )
    func notShared(difference: String) async throws {
        try await withFilters { filters in
            let a = try await filters.load(counting, name: "a")
            var source = counting
            if difference == "code", case .wat(let text) = counting.origin {
                source = .wat("\(text.dropLast()) (func))")
            }
            let b = try await filters.load(source, name: "b") {
                switch difference {
                case "vmID": $0.vmID = "other"
                case "vmConfiguration": $0.vmConfiguration = [1]
                case "grants": $0.grants.remove(.ticks)
                case "memory": $0.limits.memory += 65536
                case "environment": $0.environment = ["A": "B"]
                default: break
                }
            }
            for filter in [a, b] { _ = await run(filters, filter) }
            #expect(filters.log.messages == ["n=1", "a", "n=1", "b"])
        }
    }

    @Test("Each event runs under the limits of its own filter")
    func limits() async throws {
        try await withFilters { filters in
            let small = try await filters.load(counting, name: "small") { $0.limits.fuel = 200_000 }
            let large = try await filters.load(counting, name: "large") { $0.limits.fuel = 5_000_000 }
            for (filter, limit) in [(large, 5_000_000), (small, 200_000), (large, 5_000_000)]
                as [(ProxyWasmFilter, UInt64)]
            {
                let report = await run(filters, filter, "spin")
                #expect(report.filters.first?.failure?.code == .fuel)
                #expect(report.filters.first?.usage.fuelUsed ?? 0 > limit / 2)
                #expect(report.filters.first?.usage.fuelUsed ?? 0 <= limit)
            }
        }
    }

    @Test(
        "When a shared machine fails, each open stream follows its own filter's policy, and both filters get the replacement"
    )
    func failure() async throws {
        try await withFilters { filters in
            let closed = try await filters.load(counting, name: "closed")
            let open = try await filters.load(counting, name: "open") { $0.failurePolicy = .open }
            let closedStream = await filters.stream(closed)
            let openStream = await filters.stream(open)
            for stream in [closedStream, openStream] { _ = await stream.requestHeaders(getRequest, endOfStream: true) }
            _ = await run(filters, closed, "fail")
            #expect(await closedStream.responseHeaders(okResponse, endOfStream: true).reply?.status == 503)
            #expect(await openStream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
            await closedStream.finish()
            await openStream.finish()
            #expect(await run(filters, closed).filters.first?.failure == nil)
            #expect(await run(filters, open).filters.first?.failure == nil)
            #expect(filters.log.messages.suffix(4) == ["n=1", "closed", "n=2", "open"])
            #expect(await closed.status().failures == 1)
            #expect(await open.status().failures == 0)
        }
    }

    @Test("A filter that refuses its configuration does not disturb those that it would share with")
    func refusal() async throws {
        let source = Guest.wat(
            """
            (func (export "proxy_on_configure") (param $id i32) (param $size i32) (result i32)
              (if (i32.eq (local.get $size) (i32.const 2)) (then unreachable))
              (i32.eqz (local.get $size)))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $say @"request") (i32.const 0))
            """)
        try await withFilters { filters in
            let good = try await filters.load(source, name: "good")
            let stream = await filters.stream(good)
            #expect(await filters.refusal(source) { $0.configuration = [1] }?.code == .guestError)
            #expect(await filters.refusal(source) { $0.configuration = [1, 2] }?.code == .trap)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            #expect(await stream.finish().filters.first?.failure == nil)
            #expect(await good.status().failures == 0)
        }
    }

    @Test("A filter cannot act on another filter's streams, nor on ones that do not exist")
    func effectiveContext() async throws {
        // Both are in one machine; each request tries the contexts 1 to 5 and says which it may choose.
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param $id i32) (param i32 i32) (result i32)
              (local $other i32)
              (call $note (i32.const 105) (local.get $id))
              (loop $l
                (local.set $other (i32.add (local.get $other) (i32.const 1)))
                (call $note (i32.const 101) (call $set_effective_context (local.get $other)))
                (br_if $l (i32.lt_u (local.get $other) (i32.const 5))))
              (i32.const 0))
            """)
        try await withFilters { filters in
            let a = try await filters.load(source, name: "a")
            let b = try await filters.load(source, name: "b")
            // Roots are 1 and 2.
            let first = await filters.stream(a)
            let second = await filters.stream(b)
            for stream in [first, second] { _ = await stream.requestHeaders(getRequest, endOfStream: true) }
            #expect(
                filters.log.messages == [
                    "i=3", "e=0", "e=2", "e=0", "e=2", "e=2",
                    "i=4", "e=2", "e=0", "e=2", "e=0", "e=2",
                ])
            await first.finish()
            await second.finish()
        }
    }

    @Test("A filter with fewer grants does not get those of another with the same identifier and code")
    func otherGrants() async throws {
        // Each request tries to answer on each of the first contexts of its machine.
        let source = Guest.wat(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (local $other i32)
              (loop $l
                (local.set $other (i32.add (local.get $other) (i32.const 1)))
                (if (i32.eqz (call $set_effective_context (local.get $other))) (then
                  (call $note (i32.const 114)
                    (call $send_local_response (i32.const 403) @"no" @"no" (i32.const 0) (i32.const 0) (i32.const -1)))))
                (br_if $l (i32.lt_u (local.get $other) (i32.const 5))))
              (i32.const 0))
            """)
        try await withFilters { filters in
            let full = try await filters.load(source, name: "full") { $0.vmID = "shared" }
            let less = try await filters.load(source, name: "less") {
                $0.vmID = "shared"
                $0.grants.remove(.localReplies)
            }
            let idle = await filters.stream(full)
            let stream = await filters.stream(less)
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded == getRequest)
            // Its root context and its stream's, and no others.
            #expect(filters.log.messages == ["r=10", "r=10"])
            #expect(await idle.requestHeaders(getRequest, endOfStream: true).reply?.status == 403)
            await stream.finish()
            await idle.finish()
        }
    }
}
