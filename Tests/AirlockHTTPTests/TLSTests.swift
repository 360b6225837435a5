import Airlock
import AirlockHTTP
import NIOSSL
import Testing

@Suite("HTTP egress over TLS")
struct TLSTests {
    private static func server() throws -> NIOSSLContext {
        try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem))],
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
            ))
    }

    private static func trusting() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([try NIOSSLCertificate(bytes: Array(certificate.utf8), format: .pem)])
        return configuration
    }

    @Test func `a server is checked for the host's name, though the connection goes to an address`() async throws {
        try await LoopbackServer.with(tls: try Self.server(), reply: { _, channel in channel.respond(body: "safe") }) {
            server in
            let resolver = fixed(["plugins.test": ["127.0.0.1"], "other.test": ["127.0.0.1"]])
            let rules = ["plugins.test", "other.test", "127.0.0.1"].map { "https://\($0):\(server.port)" }
            try await withEgress(rules, resolver: resolver, tls: try Self.trusting()) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "https://plugins.test:\(server.port)/"))
                #expect(answer.text == "safe")
                #expect(server.requests[0].lowercased().contains("host: plugins.test:\(server.port)\r\n"))
                for host in ["other.test", "127.0.0.1"] {
                    let answer = try await plugin.send(GuestRequest(url: "https://\(host):\(server.port)/"))
                    #expect(answer.result == HTTPEgressResult.tlsFailed.rawValue)
                }
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `a certificate that nobody vouches for is refused`() async throws {
        try await LoopbackServer.with(tls: try Self.server(), reply: { _, channel in channel.respond() }) { server in
            try await withEgress(["https://plugins.test:\(server.port)"]) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "https://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.tlsFailed.rawValue)
                #expect(server.requests.isEmpty)
            }
        }
    }

    @Test func `a redirect from https to http is refused unless a rule allows the http origin`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond(body: "plain") }) { plain in
            let location = "http://plugins.test:\(plain.port)/"
            try await LoopbackServer.with(
                tls: try Self.server(),
                reply: { _, channel in channel.respond("302 Found", ["Location: \(location)"]) }
            ) { server in
                let request = GuestRequest(url: "https://plugins.test:\(server.port)/")
                let rule = "https://plugins.test:\(server.port)"
                try await withEgress([rule], tls: try Self.trusting()) { plugin in
                    let error = await #expect(throws: PluginError.self) { try await plugin.send(request) }
                    #expect(error?.code == .denied)
                    #expect(error?.message.contains("no rule has the scheme 'http'") == true)
                    #expect(plain.connections == 0)
                }
                try await withEgress([rule, "http://plugins.test:\(plain.port)"], tls: try Self.trusting()) { plugin in
                    let answer = try await plugin.send(request)
                    #expect(answer.text == "plain")
                }
            }
        }
    }
}

// A certificate for plugins.test that signs itself, valid until 2120, made for these tests alone.
private let certificate = """
    -----BEGIN CERTIFICATE-----
    MIIBfjCCASOgAwIBAgIUKvQf7NdekNDh5DXUeZN7CnU08bEwCgYIKoZIzj0EAwIw
    FzEVMBMGA1UEAwwMcGx1Z2lucy50ZXN0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAw
    MTAxMDAwMDAwWjAXMRUwEwYDVQQDDAxwbHVnaW5zLnRlc3QwWTATBgcqhkjOPQIB
    BggqhkjOPQMBBwNCAASOwUxDhV9wMSZj/ZB/NAhNiFIbLPEFoZtnaUN9e4JjkhY7
    333t0rjOaMiRX41Ja89V562LiAxOeDmWHJYQOME6o0swSTAXBgNVHREEEDAOggxw
    bHVnaW5zLnRlc3QwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUqgBKT8KD2EjL
    3ltiEQdlU0MjVq0wCgYIKoZIzj0EAwIDSQAwRgIhAIPj1UbN4DvAlvb7wyJekup2
    DoAx+dSnULRgxH2ClWmqAiEAgi3LZW+U7ra3NqTNA/BoovjFTK4WUcHuaPoawPBz
    UW0=
    -----END CERTIFICATE-----
    """

private let key = """
    -----BEGIN PRIVATE KEY-----
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQghyWrTygRQ8WhEx3N
    xh5kFK2+Byk30VSZazUS8JhoAh2hRANCAASOwUxDhV9wMSZj/ZB/NAhNiFIbLPEF
    oZtnaUN9e4JjkhY7333t0rjOaMiRX41Ja89V562LiAxOeDmWHJYQOME6
    -----END PRIVATE KEY-----
    """
