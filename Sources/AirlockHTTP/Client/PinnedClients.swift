import AsyncHTTPClient
import NIOCore
import NIOSSL
import Synchronization

/// The clients that requests have, and those that wait for another request to the same host at the same address.
final class PinnedClients: Sendable {
    fileprivate struct Kept {
        let client: PinnedClient
        /// The turn at which its last request ended.
        let turn: UInt64
    }

    fileprivate struct State {
        var taken: [ObjectIdentifier: PinnedClient] = [:]
        /// The one that was used last is the last one.
        var kept: [PinnedClient.Key: [Kept]] = [:]
        var keptCount = 0
        var turn: UInt64 = 0
        var isClosed = false
        var closing: [ObjectIdentifier: Task<Void, Never>] = [:]
    }

    private let configuration: HTTPClient.Configuration
    private let eventLoopGroup: any EventLoopGroup
    private let most: Int
    private let trustsSystem: Bool
    private let state = Mutex(State())

    init(_ settings: HTTPEgressClient.Configuration, _ eventLoopGroup: any EventLoopGroup) {
        self.eventLoopGroup = eventLoopGroup
        most = max(0, settings.keptConnections)
        trustsSystem = [nil, .default].contains(settings.tls.trustRoots)
        var tls = settings.tls
        // Of a connection that comes about, ImmediateClose closes the socket. This is for what fails before.
        tls.shutdownTimeout = min(tls.shutdownTimeout, .milliseconds(50))
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(settings.connectTimeout)),
            connectionPool: .init(
                idleTimeout: TimeAmount(settings.idleTimeout), concurrentHTTP1ConnectionsPerHostSoftLimit: 1),
            proxy: nil,
            decompression: .disabled
        )
        // A failed address is a reason to try the next one, or for the guest to know.
        configuration.connectionPool.retryConnectionEstablishment = false
        // One connection serves one request at a time, so that what a server sends is always some request's.
        configuration.httpVersion = .http1Only
        // What traces the host is none of the business of those whom plugins talk to.
        configuration.tracing.tracer = nil
        self.configuration = configuration
    }

    /// A client for one request, to be given back or dropped; nil once all were closed.
    func take(_ key: PinnedClient.Key) -> PinnedClient? {
        state.withLock { state in
            guard !state.isClosed else { return nil }
            let client = state.removeNewest(key) ?? makeClient(key)
            state.taken[ObjectIdentifier(client)] = client
            return client
        }
    }

    /// Keeps the client for the next request, and closes another one where there are too many now: the one that has not been used for
    /// longest, of the grant with the most.
    func giveBack(_ client: PinnedClient) {
        state.withLock { state in
            guard state.taken.removeValue(forKey: ObjectIdentifier(client)) != nil else { return }
            state.keep(client)
            guard state.keptCount > most, let oldest = state.removeOldest() else { return }
            close(oldest, &state)
        }
    }

    /// Closes the client, and says so when its connection, or the attempt to make one, has ended.
    func drop(_ client: PinnedClient, _ hasEnded: @escaping @Sendable () -> Void) {
        state.withLock { state in
            guard state.taken.removeValue(forKey: ObjectIdentifier(client)) != nil else { return hasEnded() }
            close(client, &state, hasEnded)
        }
    }

    private func makeClient(_ key: PinnedClient.Key) -> PinnedClient {
        var configuration = configuration
        // The client connects to an address as it is written, without asking a resolver; Host, SNI and the certificate's check keep the
        // name.
        if case .name(let name) = key.host { configuration.dnsOverride = [name: "\(key.address)"] }
        if trustsSystem { configuration.tlsConfiguration?.trustRoots = SystemRoots.asTrustRoots }
        let received = ReceivedBytes()
        configuration.http1_1ConnectionDebugInitializer = { channel in
            channel.eventLoop.submit {
                try OverheadLimit.install(in: channel.pipeline.syncOperations, counting: received)
                try ImmediateClose.install(in: channel.pipeline.syncOperations)
            }
        }
        return PinnedClient(key, HTTPClient(eventLoopGroup: eventLoopGroup, configuration: configuration), received)
    }

    /// Closes all clients and makes no more.
    func close() {
        state.withLock { state in
            state.isClosed = true
            for client in state.taken.values { close(client, &state) }
            state.taken = [:]
            while let client = state.removeOldest() { close(client, &state) }
        }
    }

    /// Waits until all that was closed has ended.
    func closed() async {
        for task in state.withLock({ Array($0.closing.values) }) { await task.value }
    }

    private func close(
        _ client: PinnedClient, _ state: inout State, _ hasEnded: @escaping @Sendable () -> Void = {}
    ) {
        let id = ObjectIdentifier(client)
        state.closing[id] = Task.detached { [weak self] in
            // It waits for an attempt to connect as well, and fails only for a client that was shut down before.
            try? await client.http.shutdown()
            hasEnded()
            self?.state.withLock { $0.closing[id] = nil }
        }
    }
}

extension PinnedClients.State {
    fileprivate mutating func keep(_ client: PinnedClient) {
        turn += 1
        kept[client.key, default: []].append(.init(client: client, turn: turn))
        keptCount += 1
    }

    fileprivate mutating func removeNewest(_ key: PinnedClient.Key) -> PinnedClient? {
        guard let newest = kept[key]?.popLast() else { return nil }
        if kept[key]?.isEmpty == true { kept[key] = nil }
        keptCount -= 1
        return newest.client
    }

    /// Removes the one that has not been used for longest, of the grant with the most.
    fileprivate mutating func removeOldest() -> PinnedClient? {
        let counts = Dictionary(kept.map { (ObjectIdentifier($0.key.grant), $0.value.count) }, uniquingKeysWith: +)
        let most = counts.values.max()
        let candidates = kept.filter { counts[ObjectIdentifier($0.key.grant)] == most }
        guard let key = candidates.min(by: { $0.value[0].turn < $1.value[0].turn })?.key else { return nil }
        let oldest = kept[key]?.removeFirst()
        if kept[key]?.isEmpty == true { kept[key] = nil }
        keptCount -= 1
        return oldest?.client
    }
}
