import Airlock
import AirlockProxyWasm
import AirlockTesting
import Gateway
import ServiceLifecycle

/// An external processor for each comparison, with its filters.
struct ComparedProcessors {
    let comparisons: [Comparison]
    let guest: String
    let upstreamPort: Int
    let log: RecordedLog

    /// Serves while `body` runs, which gets the ports and is told of each stream that has ended.
    func run(_ body: @Sendable (_ ports: [String: Int], _ ended: AsyncStream<Void>) async throws -> Void) async throws {
        let ended = AsyncStream<Void>.makeStream()
        var gateways: [(name: String, gateway: Gateway)] = []
        for comparison in comparisons {
            let gateway = try await Gateway(configuration(comparison), logger: log.logger()) { _ in
                ended.continuation.yield()
            }
            gateways.append((comparison.name, gateway))
        }
        let group = ServiceGroup(
            configuration: .init(services: gateways.map(\.gateway), logger: log.logger()))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports: [String: Int] = [:]
            for (name, gateway) in gateways { ports[name] = await gateway.externalProcessingAddress?.port }
            try await body(ports, ended.stream)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func configuration(_ comparison: Comparison) -> GatewayConfiguration {
        let plugins = comparison.plugins(guest: guest)
        return GatewayConfiguration(
            listeners: [],
            workers: 1,
            upstreams: ["up": UpstreamConfiguration(url: "http://127.0.0.1:\(upstreamPort)")],
            plugins: plugins,
            routes: [],
            externalProcessing: ExternalProcessingConfiguration(
                listen: ListenAddress(host: "127.0.0.1", port: 0), filters: plugins.map(\.filter.name)))
    }
}

extension Comparison {
    /// Its filters, for a gateway.
    func plugins(guest: String) -> [PluginConfiguration] {
        scripts.enumerated().map { position, script in
            PluginConfiguration(
                filter: FilterConfiguration(
                    name: filter(position), vmID: filter(position), configuration: Array(script.utf8),
                    source: .file(guest).trusted(), failurePolicy: failsOpen ? .open : .closed))
        }
    }
}
