/// What the server knows of a stream beside its headers; filters read it as properties.
public struct StreamAttributes: Sendable {
    /// An address and a port of a connection.
    public struct Endpoint: Sendable, Hashable {
        /// The IP address as text.
        public var address: String
        /// The port, 1 to 65535.
        public var port: Int

        /// Names an end of a connection.
        public init(address: String, port: Int) {
            self.address = address
            self.port = port
        }

        /// `address:port`, with brackets around IPv6 addresses.
        public var description: String {
            address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        }
    }

    /// The client's end of the connection (`source.*`).
    public var source: Endpoint?
    /// The server's end of the connection (`destination.*`).
    public var destination: Endpoint?
    /// `HTTP/1.1`, `HTTP/2` and so on (`request.protocol`).
    public var httpProtocol: String
    /// `http` or `https`, used where the headers have no `:scheme` (`request.scheme`).
    public var scheme: String
    /// The request's identifier, used where the headers have no `x-request-id` (`request.id`).
    public var requestID: String?
    /// When the request came in, in nanoseconds since 1970 (`request.time`).
    public var requestTime: Int64
    /// The connection's number (`connection.id`, `connection_id`).
    public var connectionID: UInt64
    /// Whether the client authenticated itself with a certificate (`connection.mtls`).
    public var isMutualTLS: Bool
    /// The protocol's version where the connection is encrypted, such as `TLSv1.3` (`connection.tls_version`).
    public var tlsVersion: String?
    /// The server name that the client asked for (`connection.requested_server_name`).
    public var requestedServerName: String
    /// The route's name (`xds.route_name`, `route_name`).
    public var routeName: String?
    /// The upstream's name (`xds.cluster_name`, `cluster_name`).
    public var upstreamName: String?
    /// Where the stream came in and where it goes. Copies of the attributes share it: set it once for each route.
    public var place: Place {
        get { placeBox.place }
        set { placeBox = PlaceBox(newValue) }
    }
    private(set) var placeBox: PlaceBox
    /// Further properties, by their path with segments joined by dots; they come before all others. Integers are 8
    /// bytes in little endian.
    public var properties: [String: [UInt8]]

    /// Makes attributes; what is left out is absent for filters.
    public init(
        source: Endpoint? = nil,
        destination: Endpoint? = nil,
        httpProtocol: String = "HTTP/1.1",
        scheme: String = "http",
        requestID: String? = nil,
        requestTime: Int64 = 0,
        connectionID: UInt64 = 0,
        isMutualTLS: Bool = false,
        tlsVersion: String? = nil,
        requestedServerName: String = "",
        routeName: String? = nil,
        upstreamName: String? = nil,
        place: Place? = nil,
        properties: [String: [UInt8]] = [:]
    ) {
        self.source = source
        self.destination = destination
        self.httpProtocol = httpProtocol
        self.scheme = scheme
        self.requestID = requestID
        self.requestTime = requestTime
        self.connectionID = connectionID
        self.isMutualTLS = isMutualTLS
        self.tlsVersion = tlsVersion
        self.requestedServerName = requestedServerName
        self.routeName = routeName
        self.upstreamName = upstreamName
        placeBox = place.map(PlaceBox.init) ?? .nowhere
        self.properties = properties
    }
}

/// What the server learns of the upstream once it has answered; filters read it as properties.
public struct UpstreamAttributes: Sendable {
    /// The upstream's end of the connection (`upstream.address`, `upstream.port`).
    public var remote: StreamAttributes.Endpoint?
    /// The server's end of the connection (`upstream.local_address`).
    public var local: StreamAttributes.Endpoint?
    /// Why the response is what it is (`response.code_details`).
    public var codeDetails: String

    /// Makes attributes; what is left out is absent for filters.
    public init(
        remote: StreamAttributes.Endpoint? = nil,
        local: StreamAttributes.Endpoint? = nil,
        codeDetails: String = "via_upstream"
    ) {
        self.remote = remote
        self.local = local
        self.codeDetails = codeDetails
    }
}
