import AirlockProxyWasm

/// Where the connections of a listener go, with the names resolved.
struct ConnectionRoute: Sendable {
    let filters: RouteChain
    let upstream: TCPUpstream
    let idle: Duration
    /// What is the same for all of them.
    let attributes: StreamAttributes

    /// - Throws: ``GatewayError`` with every name that is not there.
    init(
        _ forwarding: TCPForwarding, of listener: ListenerConfiguration, upstreams: [String: TCPUpstream],
        filters: FilterSet
    ) throws(GatewayError) {
        guard let upstream = upstreams[forwarding.upstream] else {
            throw GatewayError(
                reasons: ["listener \(listener.address): no upstream \"\(forwarding.upstream)\" with a tcp URL"])
        }
        do {
            self.filters = try filters.connectionChain(forwarding.filters)
        } catch {
            throw GatewayError(reasons: error.reasons.map { "listener \(listener.address): \($0)" })
        }
        self.upstream = upstream
        idle = forwarding.idle
        attributes = StreamAttributes(
            upstreamName: upstream.name,
            place: .init(
                listenerDirection: listener.direction,
                listenerMetadata: listener.metadata,
                dynamicMetadata: listener.dynamicMetadata))
    }
}
