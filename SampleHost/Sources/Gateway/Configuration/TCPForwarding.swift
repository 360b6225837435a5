/// Where the connections of a listener go.
public struct TCPForwarding: Sendable, Hashable {
    /// The filters, in the order in which they see a connection and what its client sends.
    public var filters: [String]
    /// The name of the upstream, whose URL is `tcp://host:port`.
    public var upstream: String
    /// How long nothing may come or go before a connection is closed.
    public var idle: Duration

    /// Forwards connections, with the defaults of the configuration reference.
    public init(filters: [String] = [], upstream: String, idle: Duration = .seconds(3600)) {
        self.filters = filters
        self.upstream = upstream
        self.idle = idle
    }
}
