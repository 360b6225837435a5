import Gateway
import Hummingbird
import HummingbirdTLS
import NIOCore
import NIOSSL
import ServiceLifecycle

/// A real HTTP server behind the gateway that answers with a closure.
enum TestUpstream {
    typealias Answer = @Sendable (Request) async throws -> Response

    /// Starts a server on a free port, runs `body` with its address, and stops it.
    /// - Parameter tls: whether it is `https`, with ``LocalCertificate``.
    static func with<Value: Sendable>(
        tls: Bool = false,
        _ answer: @escaping Answer,
        _ body: @Sendable (ListenAddress) async throws -> Value
    ) async throws -> Value {
        let bound = AsyncStream<Int>.makeStream()
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in try await answer(request) },
            server: tls ? try .tls(tlsConfiguration: localTLS()) : .http1(),
            configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in
                bound.continuation.yield(channel.localAddress?.port ?? 0)
                bound.continuation.finish()
            },
            logger: RunningGateway.logger
        )
        let group = ServiceGroup(configuration: .init(services: [application], logger: RunningGateway.logger))
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports = bound.stream.makeAsyncIterator()
            let port = await ports.next() ?? 0
            let value = try await body(ListenAddress(host: "127.0.0.1", port: port))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return value
        }
    }

    /// How ``LocalCertificate`` is shown.
    private static func localTLS() throws -> TLSConfiguration {
        let certificate = try NIOSSLCertificate(bytes: Array(LocalCertificate.certificate.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(LocalCertificate.key.utf8), format: .pem)
        return .makeServerConfiguration(certificateChain: [.certificate(certificate)], privateKey: .privateKey(key))
    }

    /// Answers with what it was asked: method, path, header fields (sorted) and body, one a line.
    static let echo: Answer = { request in
        let body = String(buffer: try await request.body.collect(upTo: 64 << 20))
        let fields = request.headers.map { "\($0.name.canonicalName): \($0.value)" }.sorted()
        let lines =
            ["\(request.method.rawValue) \(request.uri)", "host: \(request.head.authority ?? "")"] + fields + [
                "", body,
            ]
        return Response(
            status: .ok, headers: [.contentType: "text/plain"],
            body: .init(byteBuffer: ByteBuffer(string: lines.joined(separator: "\n"))))
    }
}
