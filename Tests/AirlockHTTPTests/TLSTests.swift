import Airlock
import AirlockHTTP
import NIOCore
import NIOSSL
import TestSupport
import Testing

@Suite("HTTP egress over TLS")
struct TLSTests {
    private static func certificate() throws -> NIOSSLCertificate {
        try NIOSSLCertificate(bytes: Array(TestCertificate.certificate.utf8), format: .pem)
    }

    private static func server() throws -> NIOSSLContext {
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(try certificate())], privateKey: .privateKey(key)))
    }

    private static func trusting() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.trustRoots = .certificates([try certificate()])
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
                    let answer = try await plugin.send(request)
                    #expect(answer.result == HTTPEgressResult.notAllowed.rawValue)
                    #expect(plain.connections == 0)
                }
                try await withEgress([rule, "http://plugins.test:\(plain.port)"], tls: try Self.trusting()) { plugin in
                    let answer = try await plugin.send(request)
                    #expect(answer.text == "plain")
                }
            }
        }
    }

    @Test(.timeLimit(.minutes(1)), arguments: [true, false])
    func `a server that does not end its TLS session does not keep the connection open`(isComplete: Bool) async throws {
        let reply: LoopbackServer.Reply = { _, channel in
            channel.ignoreTheRest()
            isComplete
                ? channel.respond("200 OK", ["Connection: close"])
                : channel.send("HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\nbegin")
        }
        try await LoopbackServer.with(tls: try Self.server(), reply: reply) { server in
            var tls = try Self.trusting()
            tls.shutdownTimeout = .hours(1)
            try await withEgress(["https://plugins.test:\(server.port)"], tls: tls) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "https://plugins.test:\(server.port)/"))
                #expect(answer.result == (isComplete ? 200 : HTTPEgressResult.responseTooLarge.rawValue))
                await server.closures(1)
            }
        }
    }

    @Test func `messages of TLS do not come without end either`() async throws {
        try await TicketServer.with { port in
            try await withEgress(["https://plugins.test:\(port)"], tls: try Self.trusting()) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "https://plugins.test:\(port)/"))
                #expect(answer.result == HTTPEgressResult.responseTooLarge.rawValue)
            }
        }
    }

    @Test func `a body in TLS records of one byte comes whole`() async throws {
        let chunks = String(repeating: "1\r\na\r\n", count: 5_000)
        let reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n"
        let byteByByte: LoopbackServer.Reply = { _, channel in
            for byte in reply.utf8 { channel.write(ByteBuffer(bytes: [byte]), promise: nil) }
            channel.flush()
        }
        try await LoopbackServer.with(tls: try Self.server(), reply: byteByByte) { server in
            try await withEgress(["https://plugins.test:\(server.port)"], tls: try Self.trusting()) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "https://plugins.test:\(server.port)/"))
                #expect(answer.body.count == 5_000)
            }
        }
    }
}
