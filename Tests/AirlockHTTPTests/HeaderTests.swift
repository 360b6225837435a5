import Airlock
import AirlockHTTP
import Testing

@Suite("HTTP egress headers")
struct HeaderTests {
    @Test(arguments: [
        ("Host", "evil.test"), ("host", "evil.test"), ("Content-Length", "5"), ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("Proxy", "evil.test:80"), ("Proxy-Authorization", "x"), ("proxy-connection", "x"), ("Upgrade", "h2c"),
        ("TE", "trailers"),
        ("Trailer", "x"),
        ("Keep-Alive", "x"), ("Expect", "100-continue"), ("HTTP2-Settings", "x"), ("", "x"), ("X Y", "x"), ("X:", "x"),
        (":authority", "x"),
        ("X\r\nHost", "evil.test"), ("X-Ä", "x"), ("X-A", "a\r\nHost: evil.test"), ("X-A", "a\nb"), ("X-A", "a\rb"),
        ("X-A", "a\u{0}b"),
        ("X-A", "a\u{7F}"), ("X-A", "\r\n\r\nGET /second HTTP/1.1"),
    ])
    func `a header that is the host's, or that would begin another one, ends the call`(name: String, value: String)
        async throws
    {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let request = GuestRequest(url: "http://plugins.test:\(server.port)/", headers: [(name, value)])
                let error = await #expect(throws: PluginError.self) { try await plugin.send(request) }
                #expect(error?.code == .denied)
                #expect(error?.message.contains("header") == true)
                #expect(error?.message.contains("\n") == false)
                #expect(server.connections == 0)
            }
        }
    }

    @Test func `headers of the guest's own arrive as they are, also several of one name`() async throws {
        try await LoopbackServer.with(reply: { _, channel in
            channel.respond("204 No Content", ["Set-Cookie: a", "Set-Cookie: b"])
        }) {
            server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let headers = [("X-One", "a\tb"), ("x-one", "ü"), ("Accept-Encoding", "gzip")]
                let answer = try await plugin.send(
                    GuestRequest(url: "http://plugins.test:\(server.port)/", headers: headers))
                #expect(answer.result == 204)
                #expect(answer.headers.filter { $0.name == "Set-Cookie" }.map(\.value) == ["a", "b"])
                for line in ["X-One: a\tb\r\n", "x-one: ü\r\n", "Accept-Encoding: gzip\r\n"] {
                    #expect(server.requests[0].contains(line))
                }
            }
        }
    }

    @Test func `a compressed body comes as it is`() async throws {
        let reply = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"
        try await LoopbackServer.with(reply: { _, channel in channel.send(reply) }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.text == "abcd")
            }
        }
    }
}
