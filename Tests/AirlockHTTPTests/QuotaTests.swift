import Airlock
import AirlockHTTP
import Synchronization
import Testing

@Suite("HTTP egress accounts")
struct QuotaTests {
    @Test func `bytes both ways are in the call's report`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond(body: String(repeating: "a", count: 5_000))
        }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let request = GuestRequest(
                    method: "POST", url: "http://plugins.test:\(server.port)/",
                    headers: [("X-Long", String(repeating: "h", count: 2_000))],
                    body: Array(repeating: 0, count: 3_000)
                )
                let bytes = try await plugin.send(request).egressBytes
                #expect((10_000..<10_200).contains(bytes))
            }
        }
    }

    @Test(arguments: [
        (
            String(repeating: "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", count: 1_000),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;\(String(repeating: "x", count: 30_000))\r\na\r\n",
            "0\r\n\r\n"
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
            String(repeating: "X-Trailer: value\r\n", count: 200) + "\r\n"
        ),
        ("not HTTP\r\n\r\n", ""),
    ])
    func `what is around a body is counted as well`(first: String, second: String) async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.send(first + second) }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let bytes = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/")).egressBytes
                let sent = first.utf8.count + second.utf8.count
                #expect((sent..<sent + 100).contains(bytes))
            }
        }
    }

    @Test func `every hop of a redirect is counted`() async throws {
        try await LoopbackServer.with(reply: { request, channel in
            request.contains(" /end ") ? channel.respond() : channel.respond("307 Elsewhere", ["Location: /end"])
        }) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let request = GuestRequest(
                    method: "PUT", url: "http://plugins.test:\(server.port)/", body: Array(repeating: 0, count: 4_000))
                let bytes = try await plugin.send(request).egressBytes
                #expect((8_000..<8_400).contains(bytes))
            }
        }
    }

    @Test func `a quota that is used up ends the call, before more is sent or read`() async throws {
        try await LoopbackServer.with(reply: { _, channel in
            channel.respond(body: String(repeating: "a", count: 50_000))
        }) { server in
            let quota = try Quota("tenant", egressBytes: QuotaRate(10_000, per: .seconds(3_600)))
            try await withEgress(["http://plugins.test:\(server.port)"], quota: quota) { plugin in
                let url = "http://plugins.test:\(server.port)/"
                let reading = await #expect(throws: PluginError.self) { try await plugin.send(GuestRequest(url: url)) }
                #expect(reading?.code == .quotaExceeded)
                #expect(reading?.quota == "tenant")
                let large = GuestRequest(method: "POST", url: url, body: Array(repeating: 0, count: 20_000))
                let sending = await #expect(throws: PluginError.self) { try await plugin.send(large) }
                #expect(sending?.code == .quotaExceeded)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `a quota that is used up ends the call before a name is looked up`() async throws {
        let lookups = Atomic(0)
        let resolver = AddressResolver { _ in
            lookups.add(1, ordering: .relaxed)
            return []
        }
        let quota = try Quota("tenant", egressBytes: QuotaRate(100, per: .seconds(3_600)))
        try await withEgress(["http://*.plugins.test"], resolver: resolver, quota: quota) { plugin in
            let url = "http://\(String(repeating: "secret.", count: 20))plugins.test/"
            _ = try await plugin.send(GuestRequest(url: "http://a.plugins.test/"))
            #expect(lookups.load(ordering: .relaxed) == 1)
            let request = GuestRequest(url: url, headers: [("X-A", String(repeating: "a", count: 100))])
            let error = await #expect(throws: PluginError.self) { try await plugin.send(request) }
            #expect(error?.code == .quotaExceeded)
            #expect(lookups.load(ordering: .relaxed) == 1)
        }
    }
}
