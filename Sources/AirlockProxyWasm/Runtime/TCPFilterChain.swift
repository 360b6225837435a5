public import Airlock

/// Filters that what clients of a TCP listener send passes in this order, and what the upstream sends in the reverse order.
///
/// They are filters as in an ``HTTPFilterChain``; what they export decides what they see. One that exports no callbacks for connections sees
/// nothing of them.
public struct TCPFilterChain: Sendable {
    /// The filters, in the order in which they see connections.
    public let filters: [ProxyWasmFilter]
    private let runtime: ProxyWasmRuntime
    private let links: [ChainLink]

    /// Makes a chain of filters that `runtime` loaded.
    public init(_ filters: [ProxyWasmFilter], runtime: ProxyWasmRuntime) {
        self.filters = filters
        self.runtime = runtime
        links = filters.map(ChainLink.init)
    }

    /// Opens a connection on the worker loop that the caller runs on, or on the one with the least to do. It uses the filters' versions of
    /// this moment until its end.
    /// - Parameters:
    ///   - attributes: of a connection filters read what is not about requests; ``StreamAttributes/requestTime`` is when it came in.
    ///   - key: decides whether the connection uses versions that are being tried.
    public func openConnection(
        _ attributes: StreamAttributes = StreamAttributes(), routedBy key: RoutingKey? = nil
    ) async -> TCPFilterStream {
        guard let loop = runtime.streamLoop else { return TCPFilterStream(StreamHandle(loop: nil, id: 0)) }
        let links = links
        let id = await loop.run { $0.openConnection(links, attributes, routedBy: key) }
        return TCPFilterStream(StreamHandle(loop: loop, id: id))
    }
}
