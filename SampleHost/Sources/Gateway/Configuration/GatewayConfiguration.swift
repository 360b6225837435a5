public import AirlockProxyWasm

/// Everything a gateway needs to know before it starts: the checked form of the YAML file.
///
/// Values of this type come from ``init(file:)``, which reports every mistake of the file at once, or are built in code.
public struct GatewayConfiguration: Sendable {
    /// Where clients connect: one listener or more; there may be none where there is ``externalProcessing``.
    public var listeners: [ListenerConfiguration]
    /// What filters are told of this gateway; `nil` for nothing.
    public var node: ProxyNode?
    /// Where operators connect; `nil` switches it off.
    public var admin: AdminConfiguration?
    /// The number of worker loops that run filters, and of threads that serve connections. 1 or more.
    public var workers: Int
    /// How long requests in progress may take to finish after SIGTERM.
    public var drain: Duration
    /// What a client may send.
    public var bounds: RequestBounds
    /// What decides whether a request is served by a canary.
    public var canaryKey: CanaryKey
    /// The folder that compiled modules are kept in from one run to the next; `nil` keeps none.
    public var moduleCache: String?
    /// The folder that it is kept in what was promoted and quarantined, so that a restarted gateway serves it; `nil` keeps nothing. One gateway
    /// uses it at a time.
    public var releaseStore: String?
    /// The servers behind the gateway, by name.
    public var upstreams: [String: UpstreamConfiguration]
    /// The filters, in the order of the file.
    public var plugins: [PluginConfiguration]
    /// A folder of more filters.
    public var pluginFolder: PluginFolderConfiguration?
    /// Plugins that no request passes.
    public var services: [ServiceConfiguration]
    /// The routes of all listeners that have none of their own; the first that matches takes the request.
    public var routes: [RouteConfiguration]
    /// Where Envoys connect that send their traffic through filters; `nil` switches it off.
    public var externalProcessing: ExternalProcessingConfiguration?

    /// Makes a configuration in code. References between its parts are checked when the gateway starts.
    public init(
        listeners: [ListenerConfiguration],
        node: ProxyNode? = nil,
        admin: AdminConfiguration? = nil,
        workers: Int = 2,
        drain: Duration = .seconds(30),
        bounds: RequestBounds = RequestBounds(),
        canaryKey: CanaryKey = .client,
        moduleCache: String? = nil,
        releaseStore: String? = nil,
        upstreams: [String: UpstreamConfiguration] = [:],
        plugins: [PluginConfiguration] = [],
        pluginFolder: PluginFolderConfiguration? = nil,
        services: [ServiceConfiguration] = [],
        routes: [RouteConfiguration],
        externalProcessing: ExternalProcessingConfiguration? = nil
    ) {
        self.listeners = listeners
        self.node = node
        self.admin = admin
        self.workers = workers
        self.drain = drain
        self.bounds = bounds
        self.canaryKey = canaryKey
        self.moduleCache = moduleCache
        self.releaseStore = releaseStore
        self.upstreams = upstreams
        self.plugins = plugins
        self.pluginFolder = pluginFolder
        self.services = services
        self.routes = routes
        self.externalProcessing = externalProcessing
    }

    /// Makes a configuration with one listener in code.
    public init(
        listen: ListenAddress,
        admin: AdminConfiguration? = nil,
        workers: Int = 2,
        drain: Duration = .seconds(30),
        bounds: RequestBounds = RequestBounds(),
        canaryKey: CanaryKey = .client,
        moduleCache: String? = nil,
        releaseStore: String? = nil,
        upstreams: [String: UpstreamConfiguration] = [:],
        plugins: [PluginConfiguration] = [],
        pluginFolder: PluginFolderConfiguration? = nil,
        services: [ServiceConfiguration] = [],
        routes: [RouteConfiguration]
    ) {
        self.init(
            listeners: [ListenerConfiguration(address: listen)], admin: admin, workers: workers, drain: drain,
            bounds: bounds, canaryKey: canaryKey, moduleCache: moduleCache, releaseStore: releaseStore,
            upstreams: upstreams, plugins: plugins, pluginFolder: pluginFolder, services: services, routes: routes)
    }

    /// The address of the first listener.
    public var listen: ListenAddress? { listeners.first?.address }
}

/// What a client may send; more is answered with 413 (body) or 431 (headers).
public struct RequestBounds: Sendable, Hashable {
    /// The largest request body, in bytes.
    public var body: Int
    /// The largest number of header fields in one request.
    public var headerCount: Int
    /// The largest header field name or value, and the longest request target, in bytes.
    public var headerSize: Int
    /// The largest sum of all header fields of one request, in bytes.
    public var headersSize: Int
    /// How long a connection may stay silent between requests, or while it sends one.
    public var idle: Duration

    /// Bounds with the defaults of the configuration reference.
    public init(
        body: Int = 16 << 20,
        headerCount: Int = 100,
        headerSize: Int = 16 << 10,
        headersSize: Int = 64 << 10,
        idle: Duration = .seconds(60)
    ) {
        self.body = body
        self.headerCount = headerCount
        self.headerSize = headerSize
        self.headersSize = headersSize
        self.idle = idle
    }
}

/// A server behind the gateway.
public struct UpstreamConfiguration: Sendable, Hashable {
    /// `http://host[:port][/path]`; the path is put before the path of each request. Or `tcp://host:port`, for the connections of TCP
    /// listeners; then only ``connectTimeout`` counts of what follows.
    public var url: String
    /// How long a connection may take to be made; then the client gets 504.
    public var connectTimeout: Duration
    /// How long the upstream may stay silent; then the client gets 504.
    public var responseTimeout: Duration
    /// The largest number of connections for requests to this upstream. The calls of filters have half as many of their own; 1,024 calls wait
    /// for one, and more fail at once.
    public var connections: Int

    /// An upstream with the defaults of the configuration reference.
    public init(
        url: String,
        connectTimeout: Duration = .seconds(2),
        responseTimeout: Duration = .seconds(30),
        connections: Int = 256
    ) {
        self.url = url
        self.connectTimeout = connectTimeout
        self.responseTimeout = responseTimeout
        self.connections = connections
    }
}

/// A filter and how it is treated.
public struct PluginConfiguration: Sendable {
    /// What Airlock loads. Its name is what routes refer to.
    public var filter: FilterConfiguration
    /// Where the module is fetched from; `nil` where the filter's own source says where it is. What that says else, a digest and keys, counts in
    /// both cases.
    public var remote: RemoteSource?
    /// Whether the file, or the folder of versions, is watched and the filter replaced when it changes. A remote module has an interval for
    /// that.
    public var watchesFile: Bool
    /// How a version is tried when an operator asks for a canary.
    public var canary: CanaryTerms

    /// A filter that routes can refer to by `filter.name`.
    public init(
        filter: FilterConfiguration, remote: RemoteSource? = nil, watchesFile: Bool = false,
        canary: CanaryTerms = CanaryTerms()
    ) {
        self.filter = filter
        self.remote = remote
        self.watchesFile = watchesFile
        self.canary = canary
    }
}

/// Which requests a route takes, and what happens to them.
public struct RouteConfiguration: Sendable, Hashable {
    /// What happens to a request that the route takes.
    public enum Action: Sendable, Hashable {
        /// Answered by the gateway itself, without filters.
        case respond(status: Int, body: String)
        /// Sent through the filters (named, in request order), then answered by the gateway itself.
        case filteredRespond(filters: [String], status: Int, body: String)
        /// Sent through the filters (named, in request order) to the upstream.
        case forward(filters: [String], upstream: String)
    }

    /// The paths of the requests.
    public var match: RouteMatch
    /// What happens to the request.
    public var action: Action
    /// What filters know the route by (`xds.route_name`); nil for the path that it matches.
    public var name: String?
    /// The virtual host that filters are told it is of (`xds.virtual_host_name`).
    public var virtualHost: String?
    /// What filters are told of it (`xds.route_metadata.filter_metadata.<namespace>.<key>`).
    public var metadata: Metadata

    /// A route for the paths that match.
    public init(
        match: RouteMatch, action: Action, name: String? = nil, virtualHost: String? = nil, metadata: Metadata = [:]
    ) {
        self.match = match
        self.action = action
        self.name = name
        self.virtualHost = virtualHost
        self.metadata = metadata
    }

    /// A route for the paths under `prefix`.
    public init(prefix: PathPrefix, action: Action) {
        self.init(match: .prefix(prefix), action: action)
    }
}
