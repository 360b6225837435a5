import Airlock
import AirlockHTTP
import Testing

/// The server takes connections and says nothing, so that no TLS session comes about: an attempt to connect that does not end by itself.
@Suite("HTTP egress and connections that do not come about", .timeLimit(.minutes(2)))
struct AttemptTests {
    private func grant(_ client: HTTPEgressClient, _ server: LoopbackServer) throws -> HTTPEgress {
        var limits = HTTPEgressLimits()
        limits.concurrentRequests = 1
        return HTTPEgress(
            client, rules: try ["http", "https"].map { try HTTPRule("\($0)://*.test:\(server.port)") },
            addresses: AddressPolicy(allowed: [try IPRange("127.0.0.1")]), limits: limits)
    }

    private let names = fixed(
        Dictionary(uniqueKeysWithValues: (1...9).map { ("name\($0).test", ["127.0.0.1"]) }))

    @Test func `attempts that are given up keep their places until they have ended, and others keep theirs`()
        async throws
    {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withHTTPEgressClient(resolver: names, connectTimeout: .seconds(3_600)) { client in
                try await withPlugin(grant(client, server)) { plugin in
                    @Sendable func result(_ name: String) async throws -> Int32 {
                        try await plugin.send(GuestRequest(url: "https://\(name).test:\(server.port)/")).result
                    }
                    for count in 1...2 {
                        let pending = Task { try await result("name\(count)") }
                        await server.connections(count)
                        pending.cancel()
                        _ = await pending.result
                        // The call ends before the request's task has, which has the only place for a request.
                        while try await result("nowhere") == HTTPEgressResult.overloaded.rawValue {}
                    }
                    // Whatever the name, and whether it would be answered or not.
                    for count in 3...5 {
                        let result = try await result("name\(count)")
                        #expect(result == HTTPEgressResult.overloaded.rawValue)
                    }
                    let plain = GuestRequest(url: "http://name6.test:\(server.port)/")
                    let refused = try await plugin.send(plain)
                    #expect(refused.result == HTTPEgressResult.overloaded.rawValue)
                    try await withPlugin(grant(client, server)) { other in
                        let answer = try await other.send(plain)
                        #expect(answer.result == 200)
                    }
                    #expect(server.connections == 3)
                    server.closeConnections()
                    var answer: GuestAnswer
                    repeat {
                        answer = try await plugin.send(plain)
                    } while answer.result == HTTPEgressResult.overloaded.rawValue
                    #expect(answer.result == 200)
                }
            }
        }
    }
}
