import Airlock
import AirlockProxyWasm
import Metrics

/// What the gateway counts of the connections of one TCP listener.
struct ConnectionMetrics: Sendable {
    private let gateway: GatewayMetrics
    private let upstream: String
    private let factory: any MetricsFactory
    private let open: Meter
    private let receivedBytes: Counter
    private let sentBytes: Counter

    init(_ gateway: GatewayMetrics, upstream: String, factory: any MetricsFactory) {
        self.gateway = gateway
        self.upstream = upstream
        self.factory = factory
        let dimensions = [("upstream", upstream)]
        open = Meter(label: "gateway_connections_open", dimensions: dimensions, factory: factory)
        receivedBytes = Counter(
            label: "gateway_connection_received_bytes", dimensions: dimensions, factory: factory)
        sentBytes = Counter(label: "gateway_connection_sent_bytes", dimensions: dimensions, factory: factory)
    }

    func begins() { open.increment() }

    /// Bytes of a client.
    func received(_ count: Int) { receivedBytes.increment(by: count) }

    /// Bytes for a client.
    func sent(_ count: Int) { sentBytes.increment(by: count) }

    func ends(_ end: ConnectionEnd, _ report: StreamReport) {
        open.decrement()
        // What filters and the gateway close connections for is a bounded set; what the system says is not.
        let reason = end.upstreamError == nil ? report.replyDetails ?? "none" : "upstream_not_connected"
        let dimensions = [("upstream", upstream), ("closed", reason)]
        Counter(label: "gateway_connections", dimensions: dimensions, factory: factory).increment()
        if end.upstreamError != nil { gateway.upstreamFailed(upstream) }
        gateway.streamEnds(report)
    }
}
