import AirlockHTTP
import NIOSSL
import TestSupport

/// Runs `body` with a server that is `plugins.test` over TLS, and a client that trusts it.
func withTLSServer(
    reply: @escaping LoopbackServer.Reply,
    _ body: (LoopbackServer, HTTPEgressClient) async throws -> Void
) async throws {
    let certificate = try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
    let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
    let server = try NIOSSLContext(
        configuration: .makeServerConfiguration(
            certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
    var client = TLSConfiguration.makeClientConfiguration()
    client.trustRoots = .certificates([certificate])
    try await LoopbackServer.with(tls: server, reply: reply) { server in
        try await withHTTPEgressClient(resolver: fixed(["plugins.test": ["127.0.0.1"]]), tls: client) { client in
            try await body(server, client)
        }
    }
}
