public import Airlock

/// Filters that requests pass in this order, and responses in the reverse order.
public struct HTTPFilterChain: Sendable {
    /// The filters, in the order in which they see requests.
    public let filters: [ProxyWasmFilter]
    /// Whether a filter may see of a body while it holds the headers before it back.
    public let showsBodyEarly: Bool
    private let runtime: ProxyWasmRuntime
    private let links: [ChainLink]

    /// Makes a chain of filters that `runtime` loaded.
    public init(_ filters: [ProxyWasmFilter], runtime: ProxyWasmRuntime) {
        self.filters = filters
        self.runtime = runtime
        links = filters.map(ChainLink.init)
        showsBodyEarly = filters.contains(where: \.configuration.allowOnHeadersStopIteration)
    }

    /// Whether a filter reads or changes request bodies.
    public var filtersRequestBody: Bool { filters.contains(where: \.exportsRequestBody) }

    /// Whether a filter reads or changes response bodies.
    public var filtersResponseBody: Bool { filters.contains(where: \.exportsResponseBody) }

    /// Opens a stream on the worker loop that the caller runs on, or on the one with the least to do. It uses the
    /// filters' versions of this moment until its end.
    /// - Parameter key: decides whether the stream uses versions that are being tried.
    public func openStream(
        _ attributes: StreamAttributes = StreamAttributes(), routedBy key: RoutingKey? = nil
    ) async -> HTTPFilterStream {
        guard let loop = runtime.streamLoop else { return HTTPFilterStream(loop: nil, FilterLoop.OpenedStream(id: 0)) }
        let links = links
        return HTTPFilterStream(loop: loop, await loop.run { $0.open(links, attributes, routedBy: key) })
    }
}

/// A filter's place in a chain.
struct ChainLink: Sendable {
    let filter: FilterID
    /// Whether requests and connections are refused without it.
    let isRequired: Bool

    init(_ filter: ProxyWasmFilter) {
        self.filter = filter.id
        isRequired = filter.configuration.failurePolicy.refusesRequests
    }
}
