import Metrics
import Synchronization

/// The metrics that the filters with one VM identifier define (Proxy-Wasm 0.2.1, "Metrics"), passed on to
/// swift-metrics.
///
/// A metric named `n` becomes `proxy_wasm_n_total`, `proxy_wasm_n_gauge` or `proxy_wasm_n_histogram` with the one
/// dimension `vm_id`, so that two kinds never meet under one name. Characters other than ASCII letters, digits and
/// `_` become `_`. The number of definitions is bounded: what is beyond it can be used as others and counts nowhere, because SDKs answer
/// a refusal with a trap.
final class FilterMetrics: Sendable {
    /// The longest name in bytes.
    static let maximumNameBytes = 4096
    /// The number that metrics get of which there are too many. They take what any kind takes, and hold 0.
    static let uncounted = UInt32.max

    fileprivate enum Kind {
        case counter(Counter)
        case gauge(Gauge)
        case histogram(Recorder)
    }

    fileprivate struct Metric {
        let kind: Kind
        /// What a counter or a gauge holds. Swift's metrics cannot be read.
        var value: Int64 = 0
    }

    private struct Definition: Hashable {
        var type: MetricType
        var label: String
    }

    private struct State {
        var identifiers: [Definition: UInt32] = [:]
        var metrics: [Metric] = []

        func index(_ identifier: UInt32) -> Int? {
            identifier >= 1 && identifier <= metrics.count ? Int(identifier) - 1 : nil
        }
    }

    private let vmID: String
    private let maximumDefinitions: Int
    private let factory: (any MetricsFactory)?
    private let state = Mutex(State())

    init(vmID: String, maximumDefinitions: Int, factory: (any MetricsFactory)?) {
        self.vmID = vmID
        self.maximumDefinitions = maximumDefinitions
        self.factory = factory
    }

    /// Defines a metric, or finds the one that is there.
    /// - Returns: its number, from 1 on; ``uncounted`` where there are too many.
    func define(_ type: MetricType, name: [UInt8]) -> UInt32 {
        let definition = Definition(type: type, label: Self.label(type, name))
        return state.withLock { state in
            if let known = state.identifiers[definition] { return known }
            guard state.metrics.count < maximumDefinitions, state.metrics.count < Int(Self.uncounted) - 1 else {
                return Self.uncounted
            }
            state.metrics.append(Metric(kind: makeKind(definition)))
            let identifier = UInt32(state.metrics.count)
            state.identifiers[definition] = identifier
            return identifier
        }
    }

    /// Adds to a counter (more than zero only) or a gauge.
    func increment(_ identifier: UInt32, by offset: Int64) -> Status {
        withMetric(identifier) { metric in
            switch metric.kind {
            case .counter(let counter):
                guard offset > 0 else { return .badArgument }
                metric.add(offset, to: counter)
            case .gauge(let gauge):
                metric.value = metric.value.saturatingAdd(offset)
                gauge.record(metric.value)
            case .histogram:
                return .badArgument
            }
            return .ok
        }
    }

    /// Adds to a counter, sets a gauge, or adds a sample to a histogram.
    func record(_ identifier: UInt32, _ value: UInt64) -> Status {
        let value = Int64(clamping: value)
        return withMetric(identifier) { metric in
            switch metric.kind {
            case .counter(let counter):
                metric.add(value, to: counter)
            case .gauge(let gauge):
                metric.value = value
                gauge.record(value)
            case .histogram(let recorder):
                recorder.record(value)
            }
            return .ok
        }
    }

    /// What a counter or a gauge holds.
    func value(_ identifier: UInt32) -> Result<UInt64, StatusError> {
        if identifier == Self.uncounted { return .success(0) }
        return state.withLock { state in
            guard let index = state.index(identifier) else { return .failure(StatusError(.notFound)) }
            let metric = state.metrics[index]
            if case .histogram = metric.kind { return .failure(StatusError(.badArgument)) }
            return .success(UInt64(bitPattern: metric.value))
        }
    }

    private func withMetric(_ identifier: UInt32, _ body: (inout Metric) -> Status) -> Status {
        if identifier == Self.uncounted { return .ok }
        return state.withLock { state in
            guard let index = state.index(identifier) else { return .notFound }
            return body(&state.metrics[index])
        }
    }

    private func makeKind(_ definition: Definition) -> Kind {
        let (label, dimensions) = (definition.label, [("vm_id", vmID)])
        let factory = factory ?? MetricsSystem.factory
        switch definition.type {
        case .counter: return .counter(Counter(label: label, dimensions: dimensions, factory: factory))
        case .gauge: return .gauge(Gauge(label: label, dimensions: dimensions, factory: factory))
        case .histogram:
            return .histogram(Recorder(label: label, dimensions: dimensions, aggregate: true, factory: factory))
        }
    }

    private static func label(_ type: MetricType, _ name: [UInt8]) -> String {
        let safe = name.map { $0.isASCIIAlphanumeric ? $0 : UInt8(ascii: "_") }
        let suffix =
            switch type {
            case .counter: "total"
            case .gauge: "gauge"
            case .histogram: "histogram"
            }
        return "proxy_wasm_\(String(decoding: safe, as: UTF8.self))_\(suffix)"
    }
}

extension FilterMetrics.Metric {
    /// Adds without passing `Int64.max`, neither here nor in the counter.
    fileprivate mutating func add(_ offset: Int64, to counter: Counter) {
        let sum = value.saturatingAdd(offset)
        counter.increment(by: sum - value)
        value = sum
    }
}

extension Int64 {
    fileprivate func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}

extension UInt8 {
    fileprivate var isASCIIAlphanumeric: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
        default: false
        }
    }
}
