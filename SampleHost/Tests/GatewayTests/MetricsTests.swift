import Airlock
import AirlockProxyWasm
import Gateway
import Metrics
import Testing

@Suite struct `Prometheus text` {
    @Test func `every kind of metric is shown`() {
        let registry = PrometheusMetrics()
        Counter(label: "calls", dimensions: [("plugin", "a\"b\\c\nd")], factory: registry).increment(by: 2)
        Meter(label: "open.streams", dimensions: [], factory: registry).set(3)
        let timer = Timer(label: "call", dimensions: [], factory: registry)
        timer.recordMilliseconds(2)
        timer.recordSeconds(20)
        Recorder(label: "1size", dimensions: [], aggregate: true, factory: registry).record(50)
        let lines = registry.text().split(separator: "\n")
        #expect(lines.contains("# TYPE calls_total counter"))
        #expect(lines.contains(#"calls_total{plugin="a\"b\\c\nd"} 2"#))
        #expect(lines.contains("# TYPE open_streams gauge"))
        #expect(lines.contains("open_streams 3.0"))
        #expect(lines.contains("# TYPE call_seconds histogram"))
        #expect(lines.contains(#"call_seconds_bucket{le="0.001"} 0"#))
        #expect(lines.contains(#"call_seconds_bucket{le="0.0025"} 1"#))
        #expect(lines.contains(#"call_seconds_bucket{le="+Inf"} 2"#))
        #expect(lines.contains("call_seconds_sum 20.002"))
        #expect(lines.contains("call_seconds_count 2"))
        #expect(lines.contains(#"_1size_bucket{le="100.0"} 1"#))
    }

    @Test func `the same labels are the same series`() {
        let registry = PrometheusMetrics()
        for _ in 1...3 { Counter(label: "calls", dimensions: [("a", "b")], factory: registry).increment() }
        #expect(registry.text().contains("calls_total{a=\"b\"} 3\n"))
    }

    @Test func `more label values than the bound are counted together`() {
        let registry = PrometheusMetrics(seriesPerMetric: 2)
        for value in 1...5 {
            Counter(label: "calls", dimensions: [("path", "/\(value)")], factory: registry).increment()
        }
        #expect(
            registry.text() == """
                # TYPE calls_total counter
                calls_total{path="/1"} 1
                calls_total{path="/2"} 1
                calls_total{path="other"} 3

                """
        )
    }

    @Test func `one name for two kinds gives two metrics`() {
        let registry = PrometheusMetrics()
        Meter(label: "x", dimensions: [], factory: registry).set(1)
        Recorder(label: "x", dimensions: [], aggregate: true, factory: registry).record(1)
        #expect(registry.text().contains("# TYPE x gauge\n"))
        #expect(registry.text().contains("# TYPE x_histogram histogram\n"))
    }
}

@Suite struct `Metrics of filters` {
    @Test func `metrics of all three kinds that filters define are served`() async throws {
        let counting = """
            (module
              (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
              (import "env" "proxy_record_metric" (func $record (param i32 i64) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 100) "requests")
              (data (i32.const 110) "level")
              (data (i32.const 120) "size.bytes")
              (func (export "malloc") (param i32) (result i32) (i32.const 1024))
              (func (export "proxy_abi_version_0_2_1"))
              (func (export "proxy_on_configure") (param i32 i32) (result i32)
                (drop (call $define (i32.const 0) (i32.const 100) (i32.const 8) (i32.const 16)))
                (drop (call $define (i32.const 1) (i32.const 110) (i32.const 5) (i32.const 20)))
                (drop (call $define (i32.const 2) (i32.const 120) (i32.const 10) (i32.const 24)))
                (i32.const 1))
              (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                (drop (call $increment (i32.load (i32.const 16)) (i64.const 2)))
                (drop (call $increment (i32.load (i32.const 20)) (i64.const -3)))
                (drop (call $record (i32.load (i32.const 24)) (i64.const 40)))
                (i32.const 0)))
            """
        let plugin = PluginConfiguration(
            filter: FilterConfiguration(name: "counting", vmID: "shop", source: .wat(counting)))
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [plugin])) { gateway in
                for _ in 1...2 { #expect(try await gateway.send("GET", "/").status == 200) }
                let lines = try await gateway.sendToAdmin("/metrics").body.split(separator: "\n")
                for line in [
                    "# TYPE proxy_wasm_requests_total counter", #"proxy_wasm_requests_total{vm_id="shop"} 4"#,
                    "# TYPE proxy_wasm_level_gauge gauge", #"proxy_wasm_level_gauge{vm_id="shop"} -6.0"#,
                    "# TYPE proxy_wasm_size_bytes_histogram histogram",
                    #"proxy_wasm_size_bytes_histogram_bucket{vm_id="shop",le="10.0"} 0"#,
                    #"proxy_wasm_size_bytes_histogram_bucket{vm_id="shop",le="100.0"} 2"#,
                    #"proxy_wasm_size_bytes_histogram_bucket{vm_id="shop",le="+Inf"} 2"#,
                    #"proxy_wasm_size_bytes_histogram_sum{vm_id="shop"} 80.0"#,
                    #"proxy_wasm_size_bytes_histogram_count{vm_id="shop"} 2"#,
                ] {
                    #expect(lines.contains(Substring(line)), "\(line)")
                }
            }
        }
    }
}
