import Airlock
import AirlockHTTP
import AirlockProxyWasm
import ServiceLifecycle

/// The modules of a gateway's filters that are on HTTP servers, by the names of the filters.
struct RemoteModules: Sendable {
    private struct Remote {
        let module: RemoteModule
        let interval: Duration?
    }

    /// By the authorities that they trust.
    private let clients: [String?: HTTPEgressClient]
    private let remotes: [String: Remote]

    /// - Throws: ``GatewayError`` with every one that cannot be used.
    init(_ plugins: [PluginConfiguration]) throws(GatewayError) {
        var clients: [String?: HTTPEgressClient] = [:]
        var remotes: [String: Remote] = [:]
        var reasons: [String] = []
        for plugin in plugins {
            guard let remote = plugin.remote else { continue }
            let filter = plugin.filter
            do {
                let client = try clients[remote.authorities] ?? RemoteSource.client(trusting: remote.authorities)
                clients[remote.authorities] = client
                let module = try remote.module(
                    of: filter.source, signers: filter.source.signers ?? filter.policy?.signers(of: filter.name),
                    atMost: filter.mostModuleBytes, client: client)
                remotes[filter.name] = Remote(module: module, interval: remote.interval)
            } catch {
                reasons.append("plugin \"\(filter.name)\": \(error)")
            }
        }
        guard reasons.isEmpty else { throw GatewayError(reasons: reasons) }
        self.clients = clients
        self.remotes = remotes
    }

    /// Asks all servers at once.
    func fetchAll() async -> [String: Result<PluginSource, RemoteModuleError>] {
        await withTaskGroup(of: (String, Result<PluginSource, RemoteModuleError>).self) { group in
            for (name, remote) in remotes {
                group.addTask {
                    do throws(RemoteModuleError) {
                        return (name, .success(try await remote.module.fetch()))
                    } catch {
                        return (name, .failure(error))
                    }
                }
            }
            return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// What the server has of a filter now; nil where its module is not on one.
    func fetch(_ filter: String) async throws(RemoteModuleError) -> PluginSource? {
        guard let remote = remotes[filter] else { return nil }
        return try await remote.module.fetch()
    }

    /// Follows those of the filters that ask for it, until the service group shuts down. What goes wrong is an event of the host.
    func follow(_ filters: [String: PluginReleases]) async {
        await withDiscardingTaskGroup { group in
            for (name, remote) in remotes {
                guard let interval = remote.interval, let releases = filters[name] else { continue }
                // The interval was checked with the configuration.
                group.addTask { try? await remote.module.follow(releases, every: interval) }
            }
        }
    }

    func shutdown() async {
        for client in clients.values { await client.shutdown() }
    }
}

extension FilterConfiguration {
    /// The most bytes that its module may have.
    var mostModuleBytes: Int { (policy?.limits ?? limits).module.moduleBytes }
}

extension RemoteModuleError {
    /// Why a gateway has no module for a filter.
    func reason(for filter: String) -> String { "plugin \"\(filter)\": \(self)" }
}
