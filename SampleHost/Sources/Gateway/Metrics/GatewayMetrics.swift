import Airlock
import AirlockProxyWasm
import Metrics

/// What the gateway counts about itself.
struct GatewayMetrics: Sendable {
    private let factory: any MetricsFactory
    private let inFlight: Meter
    private let duration: Timer

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
        let dimensions = [("code", status.map(String.init) ?? "none")]
        Counter(label: "gateway_requests", dimensions: dimensions, factory: factory).increment()
    }

    func upstreamFailed(_ name: String) {
        Counter(label: "gateway_upstream_failures", dimensions: [("upstream", name)], factory: factory).increment()
    }

    /// What the filters of one request used.
    func streamEnds(_ report: StreamReport) {
        for filter in report.filters {
            let dimensions = [("filter", filter.name)]
            Counter(label: "gateway_filter_calls", dimensions: dimensions, factory: factory).increment(
                by: filter.usage.calls)
            Counter(label: "gateway_filter_fuel", dimensions: dimensions, factory: factory).increment(
                by: filter.usage.fuelUsed)
            Timer(label: "gateway_filter_duration", dimensions: dimensions, factory: factory).record(
                duration: filter.usage.wallTime)
            guard let failure = filter.failure else { continue }
            let cause = dimensions + [("code", "\(failure.code)")]
            Counter(label: "gateway_filter_failures", dimensions: cause, factory: factory).increment()
        }
    }
}
