import Airlock
import AirlockProxyWasm
import AsyncHTTPClient
import Gateway
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Testing

/// A gateway that serves while a closure runs.
struct RunningGateway {
    let address: ListenAddress
    let admin: ListenAddress?
    let metrics: PrometheusMetrics
    private let group: ServiceGroup

    /// Begins to drain; requests in progress finish.
    func drain() async { await group.triggerGracefulShutdown() }

    /// Sends a request and collects the answer's body.
    func send(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: String? = nil
    ) async throws -> (status: Int, headers: [String: String], body: String) {
        try await Self.send(method, "http://\(address)\(target)", headers: headers, body: body)
    }

    /// Asks the admin server.
    func sendToAdmin(
        _ path: String,
        method: String = "GET",
        headers: [(String, String)] = [],
        body: String? = nil
    ) async throws -> (status: Int, headers: [String: String], body: String) {
        let admin = try #require(admin)
        return try await Self.send(method, "http://\(admin)\(path)", headers: headers, body: body)
    }

    /// Sends a request and collects the answer's body.
    static func send(
        _ method: String,
        _ url: String,
        headers: [(String, String)] = [],
        body: String? = nil
    ) async throws -> (status: Int, headers: [String: String], body: String) {
        var request = HTTPClientRequest(url: url)
        request.method = .RAW(value: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let text = String(buffer: try await response.body.collect(upTo: 64 << 20))
        let names = response.headers.map { ($0.name.lowercased(), $0.value) }
        return (Int(response.status.code), Dictionary(names) { "\($0), \($1)" }, text)
    }

    static let logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    /// Starts a gateway on free ports, runs `body`, and drains the gateway.
    static func with<Value: Sendable>(
        _ configuration: GatewayConfiguration,
        _ body: @Sendable (RunningGateway) async throws -> Value
    ) async throws -> Value {
        let gateway = try await Gateway(configuration, logger: logger)
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let address = await gateway.address else {
                try await tasks.waitForAll()
                throw CancellationError()
            }
            let admin = await gateway.adminAddress
            let running = RunningGateway(address: address, admin: admin, metrics: gateway.metrics, group: group)
            let value = try await body(running)
            await running.drain()
            try await tasks.waitForAll()
            return value
        }
    }
}

extension GatewayConfiguration {
    /// A gateway on a free port with one upstream, `up`, that takes every path.
    static func forwarding(
        to upstream: ListenAddress,
        bounds: RequestBounds = RequestBounds(),
        plugins: [PluginConfiguration] = []
    ) throws -> GatewayConfiguration {
        let everything = try #require(PathPrefix("/"))
        return GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0),
            admin: AdminConfiguration(listen: ListenAddress(host: "127.0.0.1", port: 0)),
            bounds: bounds,
            // On a busy machine a connection may take longer than the default.
            upstreams: ["up": UpstreamConfiguration(url: "http://\(upstream)", connectTimeout: .seconds(60))],
            plugins: plugins,
            routes: [
                RouteConfiguration(
                    prefix: everything,
                    action: .forward(filters: plugins.map(\.filter.name), upstream: "up")
                )
            ]
        )
    }
}
