public import AirlockProxyWasm

/// Where clients connect, and what filters are told of it.
public struct ListenerConfiguration: Sendable, Hashable {
    /// The address.
    public var address: ListenAddress
    /// Which way its traffic flows (`xds.listener_direction`).
    public var direction: StreamAttributes.Place.Direction
    /// What is known of the listener (`xds.listener_metadata.filter_metadata.<namespace>.<key>`).
    public var metadata: Metadata
    /// What each of its streams begins with (`metadata.filter_metadata.<namespace>.<key>`).
    public var dynamicMetadata: Metadata
    /// What paths are brought into.
    public var paths: PathForm
    /// Its own routes; nil for those of the gateway, ``GatewayConfiguration/routes``.
    public var routes: [RouteConfiguration]?
    /// Where its connections go, if it is a TCP listener, which has no routes; nil for one of HTTP.
    public var tcp: TCPForwarding?

    /// A listener.
    public init(
        address: ListenAddress,
        direction: StreamAttributes.Place.Direction = .unspecified,
        metadata: Metadata = [:],
        dynamicMetadata: Metadata = [:],
        paths: PathForm = PathForm(),
        routes: [RouteConfiguration]? = nil,
        tcp: TCPForwarding? = nil
    ) {
        self.address = address
        self.direction = direction
        self.metadata = metadata
        self.dynamicMetadata = dynamicMetadata
        self.paths = paths
        self.routes = routes
        self.tcp = tcp
    }
}
