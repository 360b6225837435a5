import AsyncHTTPClient
public import NIOCore
public import NIOSSL
public import ServiceLifecycle

/// The HTTP client behind the grants of ``HTTPEgress``: one for a process, or one for each group of plugins that differ in TLS, names or
/// event loops.
///
/// A connection belongs to a grant (what is left to one plugin of a policy's is a grant of its own), to a host name, and to an address that
/// was checked for it. A request resolves its host name anew, and uses a connection only if its address is in that answer, which the
/// plugin's grant checks as a whole. So what a name means between a check and its use cannot change, and what one plugin makes of a
/// connection is nothing to the next.
///
/// It is a service: run it in a `ServiceGroup`, or call ``shutdown()`` when no plugin needs it any more. Its event loops are the process's
/// own or the ones that it is given; it never ends them.
public final class HTTPEgressClient: Service, Sendable {
    /// Settings of a client.
    public struct Configuration: Sendable {
        /// How servers are checked, and how the client shows itself to them. By default the system's trusted roots, with the host name
        /// checked.
        /// TLS 1.2 or later. On Linux the system's roots are those that its file had when the process made its first request; give the
        /// certificates themselves as `trustRoots`, to a new client, where they change while it runs.
        public var tls: TLSConfiguration = {
            var tls = TLSConfiguration.makeClientConfiguration()
            tls.minimumTLSVersion = .tlsv12
            return tls
        }()
        /// How host names become addresses.
        public var resolver = AddressResolver.system
        /// How long one address may take to connect, before the next address of the name is tried. 5 seconds by default.
        public var connectTimeout = Duration.seconds(5)
        /// How long a connection is kept for the next request. 15 seconds by default: less than most servers keep it.
        public var idleTimeout = Duration.seconds(15)
        /// Connections that are kept for later requests, over all grants. 128 by default; those in use are not counted. One more takes the
        /// place of the one that the grant with the most of them has not used for longest: a plugin that talks to many hosts, or much to
        /// one, closes its own connections, and others keep theirs.
        public var keptConnections = 128

        /// The defaults.
        public init() {}
    }

    let resolver: AddressResolver
    let eventLoops: any EventLoopGroup
    private let clients: PinnedClients

    /// Makes a client.
    /// - Parameters:
    ///   - configuration: its settings.
    ///   - eventLoopGroup: where connections run, or nil for the process's own event loops. It must live longer than the client.
    public init(
        _ configuration: Configuration = Configuration(),
        eventLoopGroup: (any EventLoopGroup)? = nil
    ) {
        resolver = configuration.resolver
        eventLoops = eventLoopGroup ?? HTTPClient.defaultEventLoopGroup
        clients = PinnedClients(configuration, eventLoops)
    }

    deinit {
        clients.close()
    }

    /// Runs `body` with a client whose one request goes to the host of the key at its address, and to no other host or address.
    ///
    /// The HTTP client cannot leave off an attempt to connect. So one whose request is cancelled keeps its place until it has ended.
    ///
    /// The key is one parameter: an asynchronous call with an ``IPAddress`` among more parameters than registers hold crashes (Swift 6.3.1
    /// on x86-64).
    func withClient<Value>(
        for key: PinnedClient.Key,
        _ body: (PinnedClient) async throws -> Value
    ) async throws -> Value {
        let attempts = key.grant.attempts
        guard attempts.take() else { throw HTTPEgressResult.overloaded }
        guard let client = clients.take(key) else {
            attempts.release()
            throw HTTPEgressResult.connectionFailed
        }
        do {
            let value = try await body(client)
            clients.giveBack(client)
            attempts.release()
            return value
        } catch  where Task.isCancelled {
            clients.drop(client) { attempts.release() }
            throw error
        } catch {
            clients.drop(client) {}
            attempts.release()
            throw error
        }
    }

    /// Runs until the service group shuts down gracefully or the task is cancelled, then calls ``shutdown()``.
    public func run() async throws {
        try? await gracefulShutdown()
        await shutdown()
    }

    /// Ends the requests under way and closes all connections. Requests that come later fail with
    /// ``HTTPEgressResult/connectionFailed``. Can be called more than once.
    public func shutdown() async {
        clients.close()
        await clients.closed()
    }
}
