import Airlock
import AirlockHTTP
import NIOCore
import Synchronization
import Testing

@Suite("HTTP egress sizes")
struct SizeTests {
    private static let small: HTTPEgressLimits = {
        var limits = HTTPEgressLimits()
        limits.requestBytes = 1_000
        limits.responseBytes = 10_000
        limits.headerBytes = 500
        limits.headerFields = 10
        limits.keptResponses = 4
        limits.keptBytes = 25_000
        return limits
    }()

    @Test(arguments: [
        ("Content-Length: 10001\r\n\r\n", 10_001),
        ("Content-Length: 9223372036854775807\r\n\r\n", 10),
        ("Connection: close\r\n\r\n", 10_001),
        ("X: \(String(repeating: "a", count: 500))\r\nContent-Length: 0\r\n\r\n", 0),
        (String(repeating: "X: a\r\n", count: 10) + "Content-Length: 0\r\n\r\n", 0),
        (String(repeating: "X: a\r\n", count: 300) + "Content-Length: 0\r\n\r\n", 0),
        ("X: \(String(repeating: "a", count: 100_000))\r\n\r\n", 0),
    ])
    func `a response that is larger than granted is a result of the guest's`(head: String, body: Int) async throws {
        let reply = "HTTP/1.1 200 OK\r\n" + head + String(repeating: "b", count: body)
        try await LoopbackServer.with(reply: { _, channel in channel.send(reply) }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"], limits: Self.small) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.responseTooLarge.rawValue)
            }
        }
    }

    @Test func `a body without end stops at what is granted, and so does its server`() async throws {
        try await LoopbackServer.with(reply: { _, channel in
            channel.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            Self.flood(channel, "400\r\n\(String(repeating: "x", count: 1_024))\r\n")
        }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"], limits: Self.small) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.responseTooLarge.rawValue)
                await server.closures(1)
                // What was read until it was enough, not what the server would have sent.
                #expect(answer.egressBytes < 1 << 20)
            }
        }
    }

    /// Writes the text again and again until the connection is closed.
    private static func flood(_ channel: any Channel, _ text: String) {
        // By way of the loop, since a write that is done at once would go deeper and deeper.
        channel.writeAndFlush(ByteBuffer(string: text)).whenSuccess {
            channel.eventLoop.execute { flood(channel, text) }
        }
    }

    @Test(arguments: [
        ("", "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "name=value;"),
    ])
    func `what is no body does not come without end either`(beginning: String, endless: String) async throws {
        let piece = String(repeating: endless, count: 1_000)
        try await LoopbackServer.with(reply: { _, channel in
            channel.send(beginning)
            Self.flood(channel, piece)
        }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.responseTooLarge.rawValue)
                await server.closures(1)
            }
        }
    }

    @Test func `a body in chunks of one byte comes whole`() async throws {
        let chunks = String(repeating: "1\r\na\r\n", count: 20_000)
        let reply = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n"
        try await LoopbackServer.with(reply: { _, channel in channel.send(reply) }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == 200)
                #expect(answer.body.count == 20_000)
            }
        }
    }

    @Test func `a body of just the size that is granted comes whole`() async throws {
        let body = String(repeating: "0123456789", count: 1_000)
        try await LoopbackServer.with(reply: { _, channel in channel.respond(body: body) }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"], limits: Self.small) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.text == body)
            }
        }
    }

    @Test func `a request that is larger than granted is not sent`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"], limits: Self.small) { plugin in
                let url = "http://plugins.test:\(server.port)/"
                let requests = [
                    GuestRequest(url: url, body: Array(repeating: 0, count: 1_001)),
                    GuestRequest(url: url, headers: [("X-A", String(repeating: "a", count: 500))]),
                    GuestRequest(url: url, headers: Array(repeating: ("X", "a"), count: 11)),
                ]
                for request in requests {
                    let answer = try await plugin.send(request)
                    #expect(answer.result == HTTPEgressResult.requestTooLarge.rawValue)
                }
                #expect(server.connections == 0)
                let fits = GuestRequest(method: "POST", url: url, body: Array(repeating: 65, count: 1_000))
                let sent = try await plugin.send(fits)
                #expect(sent.result == 200)
            }
        }
    }

    @Test func `a request that is far larger than granted is not even read`() async throws {
        try await withEgress(["http://plugins.test"], limits: Self.small) { plugin in
            let whole = GuestRequest(url: "http://plugins.test/", headers: [("X-A", "a")]).bytes
            // Read, it would end the call: there is something behind its body.
            let answer = try await plugin.send(bytes: whole + Array(repeating: 0xFF, count: 20_000))
            #expect(answer.result == HTTPEgressResult.requestTooLarge.rawValue)
        }
    }

    @Test func `a call keeps as many responses, and as many bytes of them, as granted`() async throws {
        try await LoopbackServer.with(reply: { request, channel in
            channel.respond(body: request.hasPrefix("GET /large") ? String(repeating: "a", count: 9_000) : "")
        }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"], limits: Self.small) { plugin in
                let small = GuestRequest(url: "http://plugins.test:\(server.port)/small")
                let fourth = try await plugin.hoard(small, 4)
                #expect(fourth == 4)
                let fifth = try await plugin.hoard(small, 5)
                #expect(fifth == HTTPEgressResult.tooMuchKept.rawValue)
                let large = GuestRequest(url: "http://plugins.test:\(server.port)/large")
                let second = try await plugin.hoard(large, 2)
                #expect(second == 2)
                let third = try await plugin.hoard(large, 3)
                #expect(third == HTTPEgressResult.tooMuchKept.rawValue)
            }
        }
    }

    @Test func `calls keep as many bytes together as granted, and give them back`() async throws {
        let held = Mutex<(any Channel)?>(nil)
        try await LoopbackServer.with(reply: { request, channel in
            if request.hasPrefix("GET /held"), held.withLock({ $0 == nil }) {
                channel.respond(body: String(repeating: "a", count: 9_000))
                held.withLock { $0 = channel }
            } else if !request.hasPrefix("GET /held") {
                channel.respond(body: String(repeating: "a", count: 9_000))
            }
        }) { server in
            var limits = HTTPEgressLimits()
            limits.keptBytesInAll = 15_000
            try await withEgress(["http://plugins.test:\(server.port)"], limits: limits) { plugin in
                // Keeps the first response while the second one does not come.
                let url = "http://plugins.test:\(server.port)"
                let holding = Task { try await plugin.hoard(GuestRequest(url: "\(url)/held"), 2) }
                await server.arrivals(2)
                let refused = try await plugin.send(GuestRequest(url: "\(url)/"))
                #expect(refused.result == HTTPEgressResult.tooMuchKept.rawValue)
                holding.cancel()
                _ = await holding.result
                // A response that is closed makes room in the same call, and the end of a call for all others.
                var answer: GuestAnswer
                repeat { answer = try await plugin.send(GuestRequest(url: "\(url)/")) } while answer.result < 0
                #expect(answer.result == 200)
                let second = try await plugin.send(GuestRequest(url: "\(url)/"))
                #expect(second.result == 200)
            }
        }
    }

    @Test(arguments: [
        "garbage\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ])
    func `a response that is not HTTP is a result of the guest's`(reply: String) async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.send(reply) }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.invalidResponse.rawValue)
            }
        }
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"])
    func `a server that goes away before the end is a result of the guest's`(reply: String) async throws {
        try await LoopbackServer.with(reply: { _, channel in
            channel.writeAndFlush(ByteBuffer(string: reply)).whenComplete { _ in channel.close(promise: nil) }
        }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.connectionFailed.rawValue)
            }
        }
    }
}
