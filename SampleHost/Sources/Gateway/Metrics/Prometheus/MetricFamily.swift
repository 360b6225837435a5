import Synchronization

/// The series of one metric: one for each combination of label values.
final class MetricFamily: Sendable {
    let name: String
    let kind: String
    private let limit: Int
    private let series = Mutex<[String: any MetricSeries]>([:])

    init(name: String, kind: String, limit: Int) {
        self.name = name
        self.kind = kind
        self.limit = limit
    }

    func series<Series: MetricSeries>(_ dimensions: [(String, String)], make: () -> Series) -> Series {
        series.withLock { series in
            let labels = PrometheusText.labels(dimensions)
            if let known = series[labels] as? Series { return known }
            let isFull = series.count >= limit
            let kept = isFull ? PrometheusText.labels(dimensions.map { ($0.0, "other") }) : labels
            if let known = series[kept] as? Series { return known }
            let made = make()
            series[kept] = made
            return made
        }
    }

    func text() -> String {
        let series = series.withLock { $0.sorted { $0.key < $1.key } }
        let samples = series.flatMap { labels, series in
            series.samples.map { sample in
                let all = [labels, sample.label].filter { !$0.isEmpty }.joined(separator: ",")
                return "\(name)\(sample.suffix)\(all.isEmpty ? "" : "{\(all)}") \(sample.value)\n"
            }
        }
        return "# TYPE \(name) \(kind)\n" + samples.joined()
    }
}
