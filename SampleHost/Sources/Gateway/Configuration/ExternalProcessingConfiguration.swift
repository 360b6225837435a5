/// Where Envoys connect that send their traffic through filters: the gRPC service `envoy.service.ext_proc.v3.ExternalProcessor`.
public struct ExternalProcessingConfiguration: Sendable, Hashable {
    /// The address.
    public var listen: ListenAddress
    /// How Envoys and the gateway show each other who they are. Without it nothing is encrypted, and whoever can connect can use the filters.
    public var tls: ExternalProcessingTLS?
    /// The names of the filters of streams that name no chain, in request order. Without any, such streams are refused.
    public var filters: [String]
    /// The filters of streams that name a chain, by its name: the gRPC metadata `airlock-chain`, `initial_metadata` in Envoy.
    public var chains: [String: [String]]
    /// The largest message that is taken, in bytes. One holds a whole body where Envoy buffers bodies.
    public var messageSize: Int
    /// The largest number of streams at a time; each request that an Envoy has in progress is one.
    public var streams: Int
    /// How long a stream may take.
    public var deadline: Duration

    /// A service with the defaults of the configuration reference.
    public init(
        listen: ListenAddress,
        tls: ExternalProcessingTLS? = nil,
        filters: [String],
        chains: [String: [String]] = [:],
        messageSize: Int = 4 << 20,
        streams: Int = 1024,
        deadline: Duration = .seconds(3600)
    ) {
        self.listen = listen
        self.tls = tls
        self.filters = filters
        self.chains = chains
        self.messageSize = messageSize
        self.streams = streams
        self.deadline = deadline
    }
}
