import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

/// HTTP clients that can reach one host at one address only, for one grant. What they cost without connections is some memory, so there can
/// be many.
final class PinnedClients: Sendable {
    struct Key: Hashable {
        /// Stands for the grant, and lives as long as the key so that no other grant can be taken for it.
        let grant: GrantUsage
        let host: EgressHost
        let address: IPAddress

        static func == (one: Key, other: Key) -> Bool {
            one.grant === other.grant && one.host == other.host && one.address == other.address
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(ObjectIdentifier(grant))
            hasher.combine(host)
            hasher.combine(address)
        }
    }

    private struct Entry {
        let client: HTTPClient
        var users = 0
        var lastUse: UInt64 = 0
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var clock: UInt64 = 0
        var isClosed = false
        var closing: [ObjectIdentifier: Task<Void, Never>] = [:]
    }

    private let configuration: HTTPClient.Configuration
    private let eventLoopGroup: any EventLoopGroup
    private let kept: Int
    private let state = Mutex(State())

    init(_ settings: HTTPEgressClient.Configuration, _ eventLoopGroup: any EventLoopGroup) {
        self.eventLoopGroup = eventLoopGroup
        kept = max(0, settings.keptHosts)
        var tls = settings.tls
        // Of a connection that comes about, ImmediateClose closes the socket. This is for what fails before.
        tls.shutdownTimeout = min(tls.shutdownTimeout, .milliseconds(50))
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(settings.connectTimeout)),
            connectionPool: .init(
                idleTimeout: TimeAmount(settings.idleTimeout),
                // The grants bound how many requests there are; one plugin's slow ones do not stand in the way of another's.
                concurrentHTTP1ConnectionsPerHostSoftLimit: 4_096
            ),
            proxy: nil,
            decompression: .disabled
        )
        // A failed address is a reason to try the next one, or for the guest to know.
        configuration.connectionPool.retryConnectionEstablishment = false
        // One connection serves one request at a time, so that what a server sends is always some request's.
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.submit {
                try OverheadLimit.install(in: channel.pipeline.syncOperations)
                try ImmediateClose.install(in: channel.pipeline.syncOperations)
            }
        }
        // What traces the host is none of the business of those whom plugins talk to.
        configuration.tracing.tracer = nil
        self.configuration = configuration
    }

    /// The client for a host at an address, to be given back; nil once all were closed.
    func take(_ key: Key) -> HTTPClient? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            state.clock += 1
            var entry = state.entries[key] ?? Entry(client: makeClient(key))
            entry.users += 1
            entry.lastUse = state.clock
            state.entries[key] = entry
            return entry.client
        }
    }

    func giveBack(_ key: Key) {
        state.withLock { state in
            state.entries[key]?.users -= 1
            guard state.entries.count > kept else { return }
            let idle = state.entries.filter { $0.value.users == 0 }
            let counts = Dictionary(idle.map { (ObjectIdentifier($0.key.grant), 1) }, uniquingKeysWith: +)
            let most = counts.values.max()
            let candidates = idle.filter { counts[ObjectIdentifier($0.key.grant)] == most }
            guard idle.count > kept, let oldest = candidates.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
                return
            }
            state.entries[oldest.key] = nil
            close(oldest.value.client, &state)
        }
    }

    private func makeClient(_ key: Key) -> HTTPClient {
        var configuration = configuration
        // The client connects to an address as it is written, without asking a resolver; Host, SNI and the certificate's check keep the
        // name.
        if case .name(let name) = key.host { configuration.dnsOverride = [name: "\(key.address)"] }
        return HTTPClient(eventLoopGroup: eventLoopGroup, configuration: configuration)
    }

    /// Closes all clients and makes no more.
    func close() {
        state.withLock { state in
            state.isClosed = true
            for entry in state.entries.values { close(entry.client, &state) }
            state.entries = [:]
        }
    }

    /// Waits until all that was closed has ended.
    func closed() async {
        for task in state.withLock({ Array($0.closing.values) }) { await task.value }
    }

    private func close(_ client: HTTPClient, _ state: inout State) {
        let id = ObjectIdentifier(client)
        state.closing[id] = Task.detached { [weak self] in
            // It fails only for a client that was shut down before.
            try? await client.shutdown()
            self?.state.withLock { $0.closing[id] = nil }
        }
    }
}
