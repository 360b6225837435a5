public import Metrics
import Synchronization

/// A metrics backend that shows everything as Prometheus text (exposition format 0.0.4).
///
/// Names get `_` for characters that Prometheus does not take; counters end in `_total`, timers are histograms in seconds. A metric
/// keeps at most ``seriesPerMetric`` combinations of label values; further ones are counted together under the value `other`, so
/// that whoever chooses label values cannot make the gateway grow.
public final class PrometheusMetrics: MetricsFactory, Sendable {
    /// How many combinations of label values one metric keeps apart.
    public let seriesPerMetric: Int
    private let families = Mutex<[String: MetricFamily]>([:])

    /// An empty registry.
    public init(seriesPerMetric: Int = 200) {
        self.seriesPerMetric = seriesPerMetric
    }

    /// All metrics, sorted by name.
    public func text() -> String {
        families.withLock { $0.values.sorted { $0.name < $1.name } }.map { $0.text() }.joined()
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, suffix: "_total", kind: "counter") { CounterSeries() }
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, suffix: "", kind: "gauge") { GaugeSeries() }
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate {
            series(label, dimensions, suffix: "", kind: "histogram") { HistogramSeries(bounds: HistogramSeries.sizes) }
        } else {
            series(label, dimensions, suffix: "", kind: "gauge") { GaugeSeries() }
        }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, suffix: "_seconds", kind: "histogram") {
            HistogramSeries(bounds: HistogramSeries.times)
        }
    }

    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}

    /// The series of a metric with these labels. Two metrics of one name and different kinds do not share: the later one gets its kind
    /// as a suffix.
    private func series<Series: MetricSeries>(
        _ label: String,
        _ dimensions: [(String, String)],
        suffix: String,
        kind: String,
        make: () -> Series
    ) -> Series {
        var name = PrometheusText.name(label)
        if !name.hasSuffix(suffix) { name += suffix }
        let family = families.withLock { families in
            if let known = families[name], known.kind != kind { name += "_\(kind)" }
            let family = families[name] ?? MetricFamily(name: name, kind: kind, limit: seriesPerMetric)
            families[name] = family
            return family
        }
        return family.series(dimensions, make: make)
    }
}
