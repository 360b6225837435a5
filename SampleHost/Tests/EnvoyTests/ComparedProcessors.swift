import Airlock
import AirlockProxyWasm
import AirlockTesting
import Gateway
import ServiceLifecycle

/// A gateway as an external processor, with a chain for each comparison.
struct ComparedProcessors {
    let comparisons: [Comparison]
    let guest: String
    let upstreamPort: Int
    let log: RecordedLog

    /// Serves while `body` runs, which gets the port and is told of each stream that has ended.
    func run(_ body: @Sendable (_ port: Int, _ ended: AsyncStream<Void>) async throws -> Void) async throws {
        let ended = AsyncStream<Void>.makeStream()
        let gateway = try await Gateway(configuration, logger: log.logger()) { _ in ended.continuation.yield() }
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: log.logger()))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let address = await gateway.externalProcessingAddress else { return try await tasks.waitForAll() }
            try await body(address.port, ended.stream)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private var configuration: GatewayConfiguration {
        let chains = comparisons.map { ($0.name, $0.scripts.indices.map($0.filter)) }
        return GatewayConfiguration(
            listeners: [],
            workers: 1,
            upstreams: ["up": UpstreamConfiguration(url: "http://127.0.0.1:\(upstreamPort)")],
            plugins: comparisons.flatMap { $0.plugins(guest: guest) },
            routes: [],
            externalProcessing: ExternalProcessingConfiguration(
                listen: ListenAddress(host: "127.0.0.1", port: 0), filters: [],
                chains: Dictionary(chains) { first, _ in first }))
    }
}

extension Comparison {
    /// Its filters, for a gateway.
    func plugins(guest: String) -> [PluginConfiguration] {
        scripts.enumerated().map { position, script in
            PluginConfiguration(
                filter: FilterConfiguration(
                    name: filter(position), vmID: vm(position), configuration: Array(script.utf8),
                    source: .file(module ?? guest).trusted(), failurePolicy: failsOpen ? .open : .closed))
        }
    }
}
