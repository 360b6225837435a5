import Airlock
import AirlockProxyWasm
import AirlockTesting
import Gateway
import Logging
import ServiceLifecycle

/// A gateway with a route for each comparison.
struct ComparedGateway {
    private let comparisons: [Comparison]
    private let guest: String
    private let upstreamPort: Int
    private let log: RecordedLog

    init(_ comparisons: [Comparison], guest: String, upstreamPort: Int, log: RecordedLog) {
        self.comparisons = comparisons
        self.guest = guest
        self.upstreamPort = upstreamPort
        self.log = log
    }

    /// Serves on a free port while `body` runs.
    func run(_ body: @Sendable (Running) async throws -> Void) async throws {
        let ended = AsyncStream<Void>.makeStream()
        // The level that Envoy logs at, which guests can ask for.
        let logger = log.logger(level: .info)
        let gateway = try await Gateway(try configuration(), logger: logger) { _ in ended.continuation.yield() }
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let address = await gateway.address else { return try await tasks.waitForAll() }
            try await body(Running(port: address.port, log: log, ended: ended.stream))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func configuration() throws -> GatewayConfiguration {
        GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0),
            workers: 1,
            upstreams: ["up": UpstreamConfiguration(url: "http://127.0.0.1:\(upstreamPort)")],
            plugins: comparisons.flatMap { $0.plugins(guest: guest) },
            routes: comparisons.compactMap { comparison in
                PathPrefix("/\(comparison.name)").map {
                    RouteConfiguration(
                        prefix: $0,
                        action: .forward(filters: comparison.scripts.indices.map(comparison.filter), upstream: "up"))
                }
            })
    }

    /// The gateway while it serves.
    struct Running: Sendable {
        let port: Int
        let log: RecordedLog
        /// An element for each request through filters that has ended.
        let ended: AsyncStream<Void>

        func observe(_ comparison: Comparison, _ upstream: RecordingUpstream) async throws -> Observation {
            _ = upstream.take()
            let before = log.lines.count
            var observation = try await comparison.send(to: port)
            for await _ in ended { break }
            observation.upstream = upstream.take()
            observation.callbacks = log.lines.dropFirst(before).compactMap { line in
                line.source == "ProxyWasmGuest"
                    ? comparison.callback(line.message, of: line.metadata["filter"] ?? "") : nil
            }
            return observation
        }
    }
}
