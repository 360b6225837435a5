import Hummingbird
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle
import UnixSignals

/// An HTTP/1.1 gateway that sends requests through chains of sandboxed filters to upstreams.
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
    private let routes: RouteTable
    private let reporting: @Sendable (RequestReport) -> Void
    private let readiness = Readiness()
    private let listening = BoundAddress()
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
        eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: configuration.workers)
        var upstreams: [String: UpstreamClient] = [:]
        for (name, upstream) in configuration.upstreams {
            upstreams[name] = UpstreamClient(name: name, configuration: upstream, eventLoops: eventLoops)
        }
        self.upstreams = upstreams
        var filters: FilterSet?
        do {
            let loaded = try await FilterSet(
                configuration, callOuts: UpstreamCallOuts(clients: upstreams), metrics: metrics, logger: logger)
            filters = loaded
            routes = try RouteTable(configuration, upstreams: upstreams, filters: loaded)
            self.filters = loaded
        } catch {
            await Self.end(filters, upstreams, eventLoops)
            throw error
        }
    }

    /// The address that clients connect to; waits until the gateway listens. `nil` when it ended without.
    public var address: ListenAddress? { get async { await listening.value } }

    /// The address that operators connect to; waits until it is bound. `nil` without one.
    public var adminAddress: ListenAddress? {
        get async { configuration.admin == nil ? nil : await administering.value }
    }

    /// Serves until the process gets SIGTERM or SIGINT (with `drainsOnSignals`) or the surrounding service group shuts down gracefully;
    /// then takes no more connections, lets the requests in progress finish for at most ``GatewayConfiguration/drain``, and returns. Runs
    /// once.
    public func run(drainsOnSignals: Bool) async throws {
        var services: [any Service] = [filters.host, FilterFollowing(filters: filters)]
        if let admin = configuration.admin { services.append(adminServer(admin)) }
        services.append(server())
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
        listening.close()
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

    private func server() -> some Service {
        let exchange = Exchange(
            routes: routes,
            bodyLimit: configuration.bounds.body,
            canaryKey: configuration.canaryKey,
            metrics: GatewayMetrics(factory: metrics),
            reporting: reporting
        )
        let server = Server(
            childChannelSetup: ClientConnection(exchange: exchange, bounds: configuration.bounds),
            configuration: ServerConfiguration(
                address: .hostname(configuration.listen.host, port: configuration.listen.port)),
            onServerRunning: { [readiness, listening, logger] channel in
                readiness.begin()
                listening.bind(channel.localAddress)
                if let address = await listening.value {
                    logger.notice("listening", metadata: ["address": "\(address)"])
                }
            },
            eventLoopGroup: eventLoops,
            logger: quiet
        )
        return DrainingServer(server: server, readiness: readiness)
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

/// The server for clients; not ready any more as soon as it begins to drain.
private struct DrainingServer<Base: Service>: Service {
    let server: Base
    let readiness: Readiness

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await server.run()
        } onGracefulShutdown: {
            readiness.end()
        }
    }
}
