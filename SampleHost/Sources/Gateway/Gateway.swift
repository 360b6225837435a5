import Airlock
import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import UnixSignals

/// A gateway for HTTP/1.1 and TCP that sends requests and connections through chains of sandboxed filters to upstreams.
///
///     let configuration = try GatewayConfiguration(file: "gateway.yaml")
///     let gateway = try await Gateway(configuration, logger: logger)
///     try await gateway.run()
public final class Gateway: Service, Sendable {
    /// Everything that the gateway counts.
    public let metrics: PrometheusMetrics

    private let configuration: GatewayConfiguration
    private let logger: Logger
    private let eventLoops: MultiThreadedEventLoopGroup
    private let upstreams: [String: UpstreamClient]
    private let filters: FilterSet
    private let listeners: [Listener]
    private let processing: ProcessingListener?
    private let reporting: @Sendable (RequestReport) -> Void
    private let readiness: Readiness
    private let administering = BoundAddress()

    /// Makes a gateway that is ready to run: plugins are loaded and started, nothing listens yet. It must be run, which also ends what was
    /// started.
    ///
    /// - Parameters:
    ///   - metrics: where the gateway and its filters count; what filters and plugins use goes to the process's `MetricsSystem`.
    ///   - reporting: told about each request that went through filters, after its end.
    /// - Throws: ``GatewayError`` with everything that cannot be used.
    public init(
        _ configuration: GatewayConfiguration,
        metrics: PrometheusMetrics = PrometheusMetrics(),
        logger: Logger,
        reporting: @escaping @Sendable (RequestReport) -> Void = { _ in }
    ) async throws(GatewayError) {
        self.configuration = configuration
        self.metrics = metrics
        self.logger = logger
        self.reporting = reporting
        if let admin = configuration.admin, !admin.listen.isLoopback, admin.token == nil {
            throw GatewayError(reasons: ["admin \(admin.listen): expected a loopback address, or a token"])
        }
        guard !configuration.listeners.isEmpty || configuration.externalProcessing != nil else {
            throw GatewayError(reasons: ["listeners: expected at least one, found none"])
        }
        let others = configuration.externalProcessing == nil ? 0 : 1
        readiness = Readiness(listeners: configuration.listeners.count + others)
        eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: configuration.workers)
        var upstreams: [String: UpstreamClient] = [:]
        for (name, upstream) in configuration.upstreams {
            upstreams[name] = UpstreamClient(name: name, configuration: upstream, eventLoops: eventLoops)
        }
        self.upstreams = upstreams
        var filters: FilterSet?
        do {
            let loaded = try await FilterSet(
                configuration, eventLoops: eventLoops, callOuts: UpstreamCallOuts(clients: upstreams),
                grpcCallOuts: UpstreamGRPCCallOuts(clients: upstreams), metrics: metrics, logger: logger)
            filters = loaded
            listeners = try Self.listeners(
                configuration, upstreams: upstreams, eventLoops: eventLoops, filters: loaded)
            processing = try configuration.externalProcessing.map { (settings) throws(GatewayError) in
                ProcessingListener(settings: settings, chains: try ProcessingChains(settings, loaded))
            }
            self.filters = loaded
        } catch {
            await Self.end(filters, upstreams, eventLoops)
            throw error
        }
    }

    private static func listeners(
        _ configuration: GatewayConfiguration, upstreams: [String: UpstreamClient],
        eventLoops: MultiThreadedEventLoopGroup, filters: FilterSet
    ) throws(GatewayError) -> [Listener] {
        var tcpUpstreams: [String: TCPUpstream] = [:]
        for (name, upstream) in configuration.upstreams {
            tcpUpstreams[name] = TCPUpstream(name: name, configuration: upstream, eventLoops: eventLoops)
        }
        var listeners: [Listener] = []
        var reasons: [String] = []
        for listener in configuration.listeners {
            do {
                let target: Listener.Target =
                    if let tcp = listener.tcp {
                        .connections(
                            try ConnectionRoute(tcp, of: listener, upstreams: tcpUpstreams, filters: filters))
                    } else {
                        .requests(
                            try RouteTable(
                                listener.routes ?? configuration.routes, of: listener, upstreams: upstreams,
                                filters: filters))
                    }
                listeners.append(Listener(address: listener.address, target: target))
            } catch {
                reasons += error.reasons.filter { !reasons.contains($0) }
            }
        }
        guard reasons.isEmpty else { throw GatewayError(reasons: reasons) }
        return listeners
    }

    /// The address of the first listener; waits until it listens. `nil` when it ended without.
    public var address: ListenAddress? { get async { await listeners.first?.bound.value } }

    /// The addresses of all listeners, in the order of the configuration; as ``address``.
    public var addresses: [ListenAddress?] {
        get async {
            var addresses: [ListenAddress?] = []
            for listener in listeners { addresses.append(await listener.bound.value) }
            return addresses
        }
    }

    /// The address that Envoys connect to which use the filters; waits until it is bound. `nil` without one.
    public var externalProcessingAddress: ListenAddress? { get async { await processing?.bound.value } }

    /// The address that operators connect to; waits until it is bound. `nil` without one.
    public var adminAddress: ListenAddress? {
        get async { configuration.admin == nil ? nil : await administering.value }
    }

    /// Serves until the process gets SIGTERM or SIGINT (with `drainsOnSignals`) or the surrounding service group shuts down gracefully;
    /// then takes no more connections, lets requests in progress and TCP connections finish for at most ``GatewayConfiguration/drain``, and
    /// returns. Runs once.
    public func run(drainsOnSignals: Bool) async throws {
        var services: [any Service] = [filters.host, FilterFollowing(filters: filters)]
        if let admin = configuration.admin { services.append(adminServer(admin)) }
        let counted = GatewayMetrics(factory: metrics)
        var servers = listeners.map { server($0, counted) }
        if let processing { servers.append(server(processing, counted)) }
        services.append(ListeningServices(servers: servers))
        let signals: [UnixSignal] = drainsOnSignals ? [.sigterm, .sigint] : []
        var group = ServiceGroupConfiguration(services: services, gracefulShutdownSignals: signals, logger: quiet)
        group.maximumGracefulShutdownDuration = configuration.drain
        do {
            try await ServiceGroup(configuration: group).run()
        } catch {
            await end()
            throw error
        }
        await end()
    }

    /// Serves until the service group that it runs in shuts down gracefully; see ``run(drainsOnSignals:)``.
    public func run() async throws { try await run(drainsOnSignals: false) }

    private func end() async {
        readiness.end()
        for listener in listeners { listener.bound.close() }
        processing?.bound.close()
        administering.close()
        await Self.end(filters, upstreams, eventLoops)
    }

    private static func end(
        _ filters: FilterSet?,
        _ upstreams: [String: UpstreamClient],
        _ eventLoops: MultiThreadedEventLoopGroup
    ) async {
        await filters?.shutdown()
        for upstream in upstreams.values { await upstream.shutdown() }
        try? await eventLoops.shutdownGracefully()
    }

    private func server(_ listener: Listener, _ metrics: GatewayMetrics) -> any Service {
        switch listener.target {
        case .requests(let routes):
            DrainingServer(server: server(listener, routes, metrics), readiness: readiness)
        case .connections(let route):
            DrainingServer(server: server(listener, route, metrics), readiness: readiness)
        }
    }

    private func server(_ listener: Listener, _ routes: RouteTable, _ metrics: GatewayMetrics) -> some Service {
        let exchange = Exchange(
            routes: routes,
            bodyLimit: configuration.bounds.body,
            canaryKey: configuration.canaryKey,
            metrics: metrics,
            reporting: reporting
        )
        return Server(
            childChannelSetup: ClientConnection(
                exchange: exchange, bounds: configuration.bounds,
                workers: WorkerEventLoops(eventLoops, workers: filters.host.loops)),
            configuration: ServerConfiguration(
                address: .hostname(listener.address.host, port: listener.address.port)),
            onServerRunning: { [self] in await listens(listener, $0) },
            eventLoopGroup: eventLoops,
            logger: quiet
        )
    }

    private func server(_ listener: Listener, _ route: ConnectionRoute, _ metrics: GatewayMetrics) -> some Service {
        let connections = ConnectionMetrics(metrics, upstream: route.upstream.name, factory: self.metrics)
        return ConnectionServer(
            address: listener.address,
            eventLoops: eventLoops,
            forwarding: ConnectionForwarding(route: route, metrics: connections, logger: logger),
            onListening: { [self] in await listens(listener, $0) }
        )
    }

    private func listens(_ listener: Listener, _ channel: any Channel) async {
        readiness.begin()
        listener.bound.bind(channel.localAddress)
        if let address = await listener.bound.value {
            logger.notice("listening", metadata: ["address": "\(address)"])
        }
    }

    private func server(_ listener: ProcessingListener, _ metrics: GatewayMetrics) -> some Service {
        let terms = ProcessingTerms(
            bounds: configuration.bounds, canaryKey: configuration.canaryKey, metrics: metrics, reporting: reporting,
            missing: MissingBodies(logger))
        return ExternalProcessingServer(
            configuration: listener.settings,
            processor: ExternalProcessor(listener.settings, chains: listener.chains, terms: terms),
            bound: listener.bound, readiness: readiness, eventLoops: eventLoops, logger: logger)
    }

    private func adminServer(_ admin: AdminConfiguration) -> some Service {
        let routes = AdminRoutes(token: admin.token, readiness: readiness, metrics: metrics, filters: filters)
        return Application(
            router: routes.router(),
            server: .http1(configuration: .init(idleTimeout: .seconds(60))),
            configuration: ApplicationConfiguration(address: .hostname(admin.listen.host, port: admin.listen.port)),
            onServerRunning: { [administering, logger] channel in
                administering.bind(channel.localAddress)
                if let address = await administering.value {
                    logger.notice("listening to operators", metadata: ["address": "\(address)"])
                }
            },
            eventLoopGroupProvider: .shared(eventLoops),
            logger: quiet
        )
    }

    /// The servers' own reports (started, stopped) are for debugging.
    private var quiet: Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .warning)
        return logger
    }
}

/// Where clients connect, and where their requests or connections go.
private struct Listener: Sendable {
    enum Target: Sendable {
        case requests(RouteTable)
        case connections(ConnectionRoute)
    }

    let address: ListenAddress
    let target: Target
    let bound = BoundAddress()
}

/// Where Envoys connect that use the filters, and which they use.
private struct ProcessingListener: Sendable {
    let settings: ExternalProcessingConfiguration
    let chains: ProcessingChains
    let bound = BoundAddress()
}
