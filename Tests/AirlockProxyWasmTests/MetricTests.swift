import AirlockProxyWasm
import Metrics
import MetricsTestKit
import Testing

@Suite("Metrics")
struct MetricTests {
    @Test("Counters, gauges and histograms are defined, changed and read")
    func kinds() async throws {
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func $define (param $kind i32) (param $p i32) (param $n i32) (result i32)
                      (call $note (i32.const 100) (call $define_metric (local.get $kind) (local.get $p) (local.get $n) (i32.const 24)))
                      (i32.load (i32.const 24)))
                    (func $get (param i32)
                      (call $note (i32.const 103) (call $get_metric (local.get 0) (i32.const 32)))
                      (call $note (i32.const 118) (i32.load (i32.const 32))))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (local $counter i32) (local $gauge i32) (local $histogram i32)
                      (local.set $counter (call $define (i32.const 0) @"requests"))
                      (local.set $gauge (call $define (i32.const 1) @"open"))
                      (local.set $histogram (call $define (i32.const 2) @"size"))
                      (call $note (i32.const 101) (i32.eq (local.get $counter) (call $define (i32.const 0) @"requests")))
                      (call $note (i32.const 105) (call $increment_metric (local.get $counter) (i64.const 2)))
                      (call $note (i32.const 105) (call $increment_metric (local.get $counter) (i64.const -1)))
                      (call $note (i32.const 114) (call $record_metric (local.get $counter) (i64.const 3)))
                      (call $get (local.get $counter))
                      (call $note (i32.const 105) (call $increment_metric (local.get $gauge) (i64.const 5)))
                      (call $note (i32.const 105) (call $increment_metric (local.get $gauge) (i64.const -2)))
                      (call $get (local.get $gauge))
                      (call $note (i32.const 114) (call $record_metric (local.get $gauge) (i64.const 42)))
                      (call $get (local.get $gauge))
                      (call $note (i32.const 114) (call $record_metric (local.get $histogram) (i64.const 7)))
                      (call $note (i32.const 105) (call $increment_metric (local.get $histogram) (i64.const 7)))
                      (call $note (i32.const 103) (call $get_metric (local.get $histogram) (i32.const 32)))
                      (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(
                filters.log.messages == [
                    "d=0", "d=0", "d=0", "d=0", "e=1", "i=0", "i=2", "r=0", "g=0", "v=5", "i=0", "i=0", "g=0", "v=3",
                    "r=0",
                    "g=0", "v=42", "r=0", "i=2", "g=2",
                ])
            await stream.finish()
        }
    }

    @Test("What is no metric is refused, what is beyond the bound counts nowhere, and values do not wrap")
    func refused() async throws {
        try await withFilters(limits: ProxyWasmRuntimeLimits(metricsPerVMID: 2)) { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func $define (param $kind i32) (param $p i32) (param $n i32)
                      (call $note (i32.const 100) (call $define_metric (local.get $kind) (local.get $p) (local.get $n) (i32.const 24))))
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      (call $define (i32.const 3) @"x")
                      (call $define (i32.const 0) (i32.const 0) (i32.const 4097))
                      (call $define (i32.const 1) @"")
                      (call $note (i32.const 110) (i32.load (i32.const 24)))
                      (call $note (i32.const 114) (call $record_metric (i32.load (i32.const 24)) (i64.const -1)))
                      (call $note (i32.const 105) (call $increment_metric (i32.load (i32.const 24)) (i64.const 9223372036854775807)))
                      (call $define (i32.const 0) (i32.const 0) (i32.const 4096)) (call $define (i32.const 0) @"two")
                      (call $note (i32.const 105) (call $increment_metric (i32.load (i32.const 24)) (i64.const 1)))
                      (call $note (i32.const 114) (call $record_metric (i32.load (i32.const 24)) (i64.const 1)))
                      (call $note (i32.const 103) (call $get_metric (i32.load (i32.const 24)) (i32.const 32)))
                      (call $note (i32.const 118) (i32.load (i32.const 32)))
                      (call $note (i32.const 105) (call $increment_metric (i32.const 99) (i64.const 1)))
                      (call $note (i32.const 114) (call $record_metric (i32.const 0) (i64.const 1)))
                      (call $note (i32.const 103) (call $get_metric (i32.const 99) (i32.const 32)))
                      (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            #expect(
                filters.log.messages == [
                    "d=2", "d=2", "d=0", "n=1", "r=0", "i=0", "d=0", "d=0", "i=0", "r=0", "g=0", "v=0", "i=1", "r=1",
                    "g=1",
                ])
            await stream.finish()
        }
    }

    @Test("Filters' metrics and what the host counts of them reach swift-metrics")
    func backend() async throws {
        let backend = TestMetrics()
        try await withMetricsFactory(backend) {
            try await withFilters { filters in
                let filter = try await filters.load(
                    Guest.wat(
                        """
                        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                          (drop (call $define_metric (i32.const 0) @"my.requests" (i32.const 24)))
                          (drop (call $increment_metric (i32.load (i32.const 24)) (i64.const 2)))
                          (i32.const 0))
                        """), name: "counted"
                ) { $0.vmID = "vm" }
                for _ in 0..<3 {
                    let stream = await filters.stream(filter)
                    _ = await stream.requestHeaders(getRequest, endOfStream: true)
                    await stream.finish()
                }
            }
        }
        #expect(try backend.expectCounter("proxy_wasm_my_requests_total", [("vm_id", "vm")]).totalValue == 6)
        #expect(try backend.expectCounter("airlock_filter_calls_total", [("filter", "counted")]).totalValue == 3)
    }
}
