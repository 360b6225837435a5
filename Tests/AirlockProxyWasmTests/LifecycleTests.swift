import Airlock
import AirlockProxyWasm
import Testing

@Suite("Life of a stream")
struct LifecycleTests {
    private func noting(_ name: String) -> PluginSource {
        Guest.wat(
            """
            (func (export "proxy_on_context_create") (param $id i32) (param $parent i32)
              (if (local.get $parent) (then (call $say @"\(name) create"))))
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $say @"\(name) headers") (i32.const 0))
            (func (export "proxy_on_log") (param i32) (call $say @"\(name) log"))
            (func (export "proxy_on_done") (param i32) (result i32) (call $say @"\(name) done") (i32.const 0))
            (func (export "proxy_on_delete") (param i32) (call $say @"\(name) delete"))
            """)
    }

    @Test("Contexts are made when the request reaches the filter; at the end come log, done and delete")
    func order() async throws {
        try await withFilters { filters in
            let a = try await filters.load(noting("a"), name: "a")
            let b = try await filters.load(noting("b"), name: "b")
            let stream = await filters.stream(a, b)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            _ = await stream.responseHeaders(okResponse, endOfStream: true)
            await stream.finish()
            #expect(
                filters.log.messages == [
                    "a create", "a headers", "b create", "b headers", "a log", "b log", "a done", "a delete", "b done",
                    "b delete",
                ])
        }
    }

    @Test("A log finds no field in a response that never came, and whoever asks before is told of a mistake")
    func logWithoutResponse() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func $ask (call $note (i32.const 103) (call $get_header_map_value (i32.const 2) @":status" @result)))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (call $ask) (i32.const 0))
                    (func (export "proxy_on_log") (param i32) (call $ask))
                    (func (export "proxy_on_delete") (param i32) (call $ask))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            #expect(filters.log.messages == ["g=2", "g=1", "g=2"])
        }
    }

    @Test("A body that no filter looks at need not be handed over: the stream is whole all the same")
    func bodyBesideFilters() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(noting("a"))
            for hasBody in [false, true] {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                _ = await stream.responseHeaders(okResponse, endOfStream: !hasBody)
                #expect(await stream.finish().replyDetails == nil)
            }
            let broken = await filters.stream(filter)
            _ = await broken.requestHeaders(getRequest, endOfStream: true)
            #expect(await broken.finish().replyDetails == "stream_closed")
        }
    }

    @Test("What a stream cost is accounted filter by filter, and adds up in the status")
    func accounts() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(noting("a"))
            var fuel: UInt64 = 0
            for _ in 0..<3 {
                let stream = await filters.stream(filter)
                _ = await stream.requestHeaders(getRequest, endOfStream: true)
                let report = await stream.finish()
                let usage = try #require(report.filters.first?.usage)
                #expect(usage.calls == 5)
                #expect(usage.hostCalls == 5)
                #expect(usage.fuelUsed > 0)
                #expect(usage.memoryBytes == 16 << 16)
                #expect(report.filters.first?.version == 1)
                // What filters do after the stream's last byte counts for them, not for the stream.
                #expect(report.duration > .zero)
                #expect(usage.wallTime > .zero)
                fuel += usage.fuelUsed
            }
            let status = await filter.status()
            #expect(status.totals.fuelUsed >= fuel)
            #expect(status.totals.calls >= 15)
            #expect(status.memoryBytes == 16 << 16)
            #expect(status.digest.count == 64)
        }
    }

    @Test("Calls after the end are refused, and a second end is an empty report")
    func afterTheEnd() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(noting("a"))
            let stream = await filters.stream(filter)
            await stream.finish()
            #expect(await stream.requestHeaders(getRequest, endOfStream: true).reply?.resetsStream == true)
            #expect(await stream.responseBody("b", endOfStream: true).reply?.resetsStream == true)
            #expect(await stream.requestTrailers(["a": "b"]).reply?.resetsStream == true)
            #expect(await stream.finish().filters.isEmpty)
            stream.cancel()
        }
    }

    @Test("Parts out of order end the stream rather than hang", .timeLimit(.minutes(1)))
    func outOfOrder() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(noting("a"))
            let stream = await filters.stream(filter)
            #expect(await stream.requestBody("b", endOfStream: true).reply?.resetsStream == true)
            await stream.finish()
            let other = await filters.stream(filter)
            #expect(await other.requestTrailers(["a": "b"]).reply?.resetsStream == true)
            await other.finish()
            let early = await filters.stream(filter)
            #expect(await early.requestBody("b").reply?.details == "stream_out_of_order")
            await early.finish()
            let late = await filters.stream(filter)
            _ = await late.requestHeaders(getRequest, endOfStream: true)
            #expect(await late.requestBody("", endOfStream: true).forwarded == "")
            #expect(await late.requestBody("b").reply?.details == "stream_out_of_order")
            await late.finish()
        }
    }

    @Test("A chain without filters passes everything")
    func empty() async throws {
        try await withFilters { filters in
            let stream = await filters.stream()
            #expect(await stream.requestHeaders(getRequest, endOfStream: false).forwarded == getRequest)
            #expect(await stream.requestBody("b", endOfStream: true).forwarded == "b")
            #expect(await stream.responseHeaders(okResponse, endOfStream: false).forwarded == okResponse)
            #expect(await stream.responseBody("c").forwarded == "c")
            #expect(await stream.responseTrailers(["t": "v"]).forwarded == ["t": "v"])
            await stream.finish()
        }
    }

    @Test("Many streams run beside each other on all loops")
    func many() async throws {
        try await withFilters(workers: 2) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (drop (call $add_header_map_value (i32.const 0) @"x" @"y")) (i32.const 0))
                    """))
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let stream = await filters.stream(filter)
                        #expect(await stream.requestHeaders(getRequest, endOfStream: true).forwarded?["x"] == "y")
                        #expect(await stream.responseHeaders(okResponse, endOfStream: true).forwarded == okResponse)
                        await stream.finish()
                    }
                }
            }
            #expect(await filter.status().openStreams == 0)
        }
    }

    @Test("Nothing of a filter is left when it, its streams and its host are gone")
    func freed() async throws {
        weak var witness: Token?
        try await withFilters(workers: 2) { filters in
            let token = Token()
            witness = token
            let source = Guest.wat(
                """
                (func (export "proxy_on_configure") (param i32 i32) (result i32)
                  (drop (call $set_tick_period_milliseconds (i32.const 1))) (i32.const 1))
                (func (export "proxy_on_tick") (param i32))
                (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                  (if (i32.eqz (call $get_header_map_value (i32.const 0) @"fail" @result)) (then unreachable)) (i32.const 0))
                """)
            let filter = try await filters.load(source) { $0.capabilities = [Keeping(token: token)] }
            let ended = await filters.stream(filter)
            _ = await ended.requestHeaders(getRequest, endOfStream: true)
            await ended.finish()
            let failed = await filters.stream(filter)
            _ = await failed.requestHeaders(["fail": "now"], endOfStream: true)
            await failed.finish()
            try await filter.reload()
            let letGo = await filters.stream(filter)
            _ = await letGo.requestHeaders(getRequest, endOfStream: true)
            await filters.runtime.shutdown()
        }
        #expect(witness == nil)
    }
}

private final class Token: Sendable {}

/// A capability without functions that keeps an object.
private struct Keeping: Capability {
    static let id: CapabilityID = "test:keeping"
    let token: Token
    static let functions = HostFunctions<Self>(module: "keeping", [])
}
