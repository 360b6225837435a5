import GRPCCore
import GRPCNIOTransportCore
import GRPCNIOTransportHTTP2Posix
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The gRPC server of the external processing service; not ready any more as soon as it begins to drain.
struct ExternalProcessingServer: Service {
    let configuration: ExternalProcessingConfiguration
    let processor: ExternalProcessor
    let bound: BoundAddress
    let readiness: Readiness
    let eventLoops: MultiThreadedEventLoopGroup
    let logger: Logger

    func run() async throws {
        let transport = HTTP2ServerTransport.Posix(
            address: try address(), transportSecurity: security, config: settings, eventLoopGroup: eventLoops)
        let server = GRPCServer(transport: transport, services: [processor])
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await server.serve() }
                // Where nothing listens, serving says why.
                if let address = try? await transport.listeningAddress { await listens(address) }
                try await tasks.waitForAll()
            }
        } onGracefulShutdown: {
            readiness.end()
            server.beginGracefulShutdown()
        }
    }

    private func listens(_ address: GRPCNIOTransportCore.SocketAddress) async {
        let parts = address.ipv4.map { ($0.host, $0.port) } ?? address.ipv6.map { ($0.host, $0.port) }
        bound.bind(parts.flatMap { try? NIOCore.SocketAddress(ipAddress: $0.0, port: $0.1) })
        readiness.begin()
        if let address = await bound.value { logger.notice("listening to Envoys", metadata: ["address": "\(address)"]) }
    }

    private func address() throws -> GRPCNIOTransportCore.SocketAddress {
        let (host, port) = (configuration.listen.host, configuration.listen.port)
        let resolved = try NIOCore.SocketAddress.makeAddressResolvingHost(host, port: port)
        let ip = resolved.ipAddress ?? host
        return if case .v6 = resolved { .ipv6(host: ip, port: port) } else { .ipv4(host: ip, port: port) }
    }

    private var security: HTTP2ServerTransport.Posix.TransportSecurity {
        guard let tls = configuration.tls else { return .plaintext }
        let chain = [TLSConfig.CertificateSource.file(path: tls.certificateFile, format: .pem)]
        let key = TLSConfig.PrivateKeySource.file(path: tls.keyFile, format: .pem)
        guard let authorities = tls.clientCAFile else { return .tls(certificateChain: chain, privateKey: key) }
        return .mTLS(certificateChain: chain, privateKey: key) { settings in
            settings.trustRoots = .certificates([.file(path: authorities, format: .pem)])
        }
    }

    private var settings: HTTP2ServerTransport.Posix.Config {
        .defaults { settings in
            settings.rpc.maxRequestPayloadSize = configuration.messageSize
            settings.http2.maxConcurrentStreams = configuration.streams
            settings.http2.targetWindowSize = 1 << 20
            // Envoy waits for most answers before it sends the next message.
            settings.connection.flushCoalescing = nil
            // An Envoy that vanished without a word lets go of its streams.
            settings.connection.keepalive.time = .seconds(60)
        }
    }
}
