import Airlock
import AirlockProxyWasm
import AirlockTesting
import Gateway
import ServiceLifecycle
import Testing

@Suite(
    "The gateway does with connections what Envoy does",
    .enabled(if: Tools.areThere, "needs an Envoy: run it with make test-envoy"))
struct EnvoyConnectionTests {
    @Test func `filters see and do the same in both`() async throws {
        let (envoy, guest) = (try #require(Tools.envoy), try #require(Tools.guest))
        let exchanges = ConnectionExchange.all
        // Tells when all that came before it has been written.
        let mark = Comparison(name: "mark", scripts: ["request_headers reply 200 marked"])
        let upstream = EchoingUpstream()
        let log = RecordedLog()
        try await upstream.run { port in
            let process = try await EnvoyProcess(
                executable: envoy,
                EnvoyConfiguration(comparisons: [mark], connections: exchanges, guest: guest, upstreamPort: port))
            defer { process.stop() }
            try await run(exchanges, guest: guest, upstreamPort: port, log: log) { gateway, ports in
                for exchange in exchanges {
                    let comparison = exchange.comparison
                    var expected = try await observe(exchange, on: process.ports[comparison.name] ?? 0, upstream)
                    _ = try await mark.send(to: process.ports[mark.name] ?? 0)
                    expected.callbacks = try await process.take(upTo: mark.filter(0)).compactMap {
                        comparison.callback($0.message, of: $0.filter)
                    }
                    let before = log.lines.count
                    var found = try await observe(exchange, on: ports[comparison.name] ?? 0, upstream)
                    // It is counted no more when its callbacks are over.
                    while openConnections(gateway) != 0 { await Task.yield() }
                    found.callbacks = log.lines.dropFirst(before).compactMap { line in
                        line.source == "ProxyWasmGuest"
                            ? comparison.callback(line.message, of: line.metadata["filter"] ?? "") : nil
                    }
                    compare(comparison, envoy: expected, gateway: found)
                }
            }
        }
    }

    /// Serves each exchange on a port of its own while `body` runs.
    private func run(
        _ exchanges: [ConnectionExchange], guest: String, upstreamPort: Int, log: RecordedLog,
        _ body: @Sendable (Gateway, _ ports: [String: Int]) async throws -> Void
    ) async throws {
        let configuration = GatewayConfiguration(
            listeners: exchanges.map { exchange in
                let comparison = exchange.comparison
                return ListenerConfiguration(
                    address: ListenAddress(host: "127.0.0.1", port: 0),
                    tcp: TCPForwarding(filters: comparison.scripts.indices.map(comparison.filter), upstream: "up"))
            },
            workers: 1,
            upstreams: ["up": UpstreamConfiguration(url: "tcp://127.0.0.1:\(upstreamPort)")],
            plugins: exchanges.flatMap { $0.comparison.plugins(guest: guest) },
            routes: [])
        let gateway = try await Gateway(configuration, logger: log.logger())
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: log.logger()))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let ports = zip(exchanges, await gateway.addresses).map { ($0.comparison.name, $1?.port ?? 0) }
            try await body(gateway, Dictionary(ports) { first, _ in first })
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func openConnections(_ gateway: Gateway) -> Double? {
        gateway.metrics.text().split(separator: "\n").first { $0.hasPrefix("gateway_connections_open{") }?
            .split(separator: " ").last.flatMap { Double($0) }
    }

    /// What the client and the upstream got.
    private func observe(
        _ exchange: ConnectionExchange, on port: Int, _ upstream: EchoingUpstream
    ) async throws -> Observation {
        var observation = try await exchange.run(on: port)
        if exchange.reachesUpstream {
            observation.upstream = [await upstream.received.first { _ in true } ?? "nothing"]
        }
        return observation
    }

    private func compare(_ comparison: Comparison, envoy: Observation, gateway: Observation) {
        var (envoy, gateway) = (envoy, gateway)
        envoy.callbacks = envoy.callbacks.map(Observation.withoutPorts)
        gateway.callbacks = gateway.callbacks.map(Observation.withoutPorts)
        let found = envoy.differences(from: gateway)
        let allowed = comparison.difference?.parts ?? []
        #expect(
            found == allowed,
            "\(comparison.name)\n\(Observation.report(envoy: envoy, gateway: gateway, found.symmetricDifference(allowed)))"
        )
    }
}
