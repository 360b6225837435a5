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
