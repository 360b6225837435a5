import Airlock
import AirlockProxyWasm
import Metrics
import Synchronization

/// What the gateway counts about itself.
///
/// To find a series by its labels takes longer than to answer a request, so that those found are kept: the statuses that were answered, and
/// the gateway's filters, are few.
final class GatewayMetrics: Sendable {
    /// The series of one filter.
    private struct FilterSeries {
        let calls: Counter
        let fuel: Counter
        let duration: Timer
    }

    private let factory: any MetricsFactory
    private let inFlight: Meter
    private let duration: Timer
    private let requests = Mutex<[Int?: Counter]>([:])
    private let filters = Mutex<[String: FilterSeries]>([:])

    init(factory: any MetricsFactory) {
        self.factory = factory
        inFlight = Meter(label: "gateway_requests_in_flight", dimensions: [], factory: factory)
        duration = Timer(
            label: "gateway_request_duration", dimensions: [], preferredDisplayUnit: .seconds, factory: factory)
    }

    func requestBegins() -> ContinuousClock.Instant {
        inFlight.increment()
        return .now
    }

    /// `status` is nil when the client got no answer.
    func requestEnds(_ begin: ContinuousClock.Instant, status: Int?) {
        inFlight.decrement()
        duration.record(duration: begin.duration(to: .now))
        requests.withLock { requests in
            if let known = requests[status] { return known }
            let dimensions = [("code", status.map(String.init) ?? "none")]
            let counter = Counter(label: "gateway_requests", dimensions: dimensions, factory: factory)
            requests[status] = counter
            return counter
        }.increment()
    }

    func upstreamFailed(_ name: String) {
        Counter(label: "gateway_upstream_failures", dimensions: [("upstream", name)], factory: factory).increment()
    }

    /// What the filters of one request used.
    func streamEnds(_ report: StreamReport) {
        for filter in report.filters {
            let series = series(of: filter.name)
            series.calls.increment(by: filter.usage.calls)
            series.fuel.increment(by: filter.usage.fuelUsed)
            series.duration.record(duration: filter.usage.wallTime)
            guard let failure = filter.failure else { continue }
            let cause = [("filter", filter.name), ("code", "\(failure.code)")]
            Counter(label: "gateway_filter_failures", dimensions: cause, factory: factory).increment()
        }
    }

    private func series(of filter: String) -> FilterSeries {
        filters.withLock { filters in
            if let known = filters[filter] { return known }
            let dimensions = [("filter", filter)]
            let series = FilterSeries(
                calls: Counter(label: "gateway_filter_calls", dimensions: dimensions, factory: factory),
                fuel: Counter(label: "gateway_filter_fuel", dimensions: dimensions, factory: factory),
                duration: Timer(label: "gateway_filter_duration", dimensions: dimensions, factory: factory))
            filters[filter] = series
            return series
        }
    }
}
