import Metrics
import Synchronization

/// One line of a series: `name<suffix>{labels,label} value`.
struct MetricSample {
    var suffix = ""
    var label = ""
    let value: String
}

/// The values of one metric under one combination of labels.
protocol MetricSeries: AnyObject, Sendable {
    var samples: [MetricSample] { get }
}

final class CounterSeries: MetricSeries, CounterHandler {
    private let count = Atomic<Int64>(0)

    var samples: [MetricSample] { [MetricSample(value: "\(count.load(ordering: .relaxed))")] }

    func increment(by amount: Int64) { count.wrappingAdd(amount, ordering: .relaxed) }

    func reset() { count.store(0, ordering: .relaxed) }
}

final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler {
    private let value = Mutex(0.0)

    var samples: [MetricSample] { [MetricSample(value: "\(value.withLock { $0 })")] }

    func set(_ new: Int64) { set(Double(new)) }
    func set(_ new: Double) { value.withLock { $0 = new } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }
    func record(_ new: Int64) { set(Double(new)) }
    func record(_ new: Double) { set(new) }
}

final class HistogramSeries: MetricSeries, TimerHandler, RecorderHandler {
    private struct Counts {
        var buckets: [Int]
        var sum = 0.0
    }

    /// Upper bounds for durations, in seconds: 100 µs to 10 s.
    static let times = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    /// Upper bounds for everything else: powers of ten to 10⁹.
    static let sizes = (0...9).map { power in (0..<power).reduce(1.0) { value, _ in value * 10 } }

    private let bounds: [Double]
    private let counts: Mutex<Counts>

    init(bounds: [Double]) {
        self.bounds = bounds
        counts = Mutex(Counts(buckets: Array(repeating: 0, count: bounds.count + 1)))
    }

    var samples: [MetricSample] {
        let counts = counts.withLock { $0 }
        var total = 0
        var samples: [MetricSample] = []
        for (index, bucket) in counts.buckets.enumerated() {
            total += bucket
            let bound = index < bounds.count ? "\(bounds[index])" : "+Inf"
            samples.append(MetricSample(suffix: "_bucket", label: "le=\"\(bound)\"", value: "\(total)"))
        }
        samples.append(MetricSample(suffix: "_sum", value: "\(counts.sum)"))
        samples.append(MetricSample(suffix: "_count", value: "\(total)"))
        return samples
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts.withLock {
            $0.buckets[bucket] += 1
            $0.sum += value
        }
    }
}
