import Airlock
import AirlockHTTP
import NIOCore
import Synchronization
import Testing

@Suite("HTTP egress clients")
struct ClientTests {
    private func grant(_ client: HTTPEgressClient, _ server: LoopbackServer) throws -> HTTPEgress {
        HTTPEgress(
            client,
            rules: [try HTTPRule("http://*.test:\(server.port)")],
            addresses: AddressPolicy(allowed: [try IPRange("127.0.0.1")])
        )
    }

    private func configuration() -> HTTPEgressClient.Configuration {
        var configuration = HTTPEgressClient.Configuration()
        configuration.resolver = fixed(Dictionary(uniqueKeysWithValues: "abcd".map { ("\($0).test", ["127.0.0.1"]) }))
        // On a busy machine a test can take longer than the default.
        configuration.idleTimeout = .seconds(600)
        return configuration
    }

    @Test func `a client that nobody needs any more closes its connections, also where it was not shut down`()
        async throws
    {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            do {
                let grant = try grant(HTTPEgressClient(configuration()), server)
                let answer = try await withPlugin(grant) { plugin in
                    try await plugin.send(GuestRequest(url: "http://a.test:\(server.port)/"))
                }
                #expect(answer.result == 200)
            }
            await server.closures(1)
        }
    }

    @Test func `connections to more hosts than are kept are closed, the longest unused first`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            var configuration = configuration()
            configuration.keptConnections = 1
            let client = HTTPEgressClient(configuration)
            try await withPlugin(grant(client, server)) { plugin in
                for host in ["a.test", "a.test", "b.test", "b.test"] {
                    let answer = try await plugin.send(GuestRequest(url: "http://\(host):\(server.port)/"))
                    #expect(answer.result == 200)
                }
                await server.closures(1)
                #expect(server.connections == 2)
            }
            await client.shutdown()
            await client.shutdown()
            await server.closures(2)
        }
    }

    @Test func `connections to one host are kept one by one, however many there were at a time`() async throws {
        // Answers when eight requests wait, and later ones at once.
        let waiting = Mutex<(channels: [any Channel], isOpen: Bool)>(([], false))
        try await LoopbackServer.with(reply: { _, channel in
            let ready = waiting.withLock { waiting in
                waiting.channels.append(channel)
                waiting.isOpen = waiting.isOpen || waiting.channels.count == 8
                defer { if waiting.isOpen { waiting.channels = [] } }
                return waiting.isOpen ? waiting.channels : []
            }
            for channel in ready { channel.respond() }
        }) { server in
            var configuration = configuration()
            configuration.keptConnections = 2
            let client = HTTPEgressClient(configuration)
            try await withPlugin(grant(client, server)) { plugin in
                let request = GuestRequest(url: "http://a.test:\(server.port)/")
                try await withThrowingTaskGroup { group in
                    for _ in 1...8 { group.addTask { try await plugin.send(request).result } }
                    for try await result in group { #expect(result == 200) }
                }
                #expect(server.connections == 8)
                await server.closures(6)
                for _ in 1...4 {
                    let answer = try await plugin.send(request)
                    #expect(answer.result == 200)
                }
                #expect(server.connections == 8)
            }
            await client.shutdown()
        }
    }

    @Test func `a grant that talks to many hosts closes its own connections, and others keep theirs`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            var configuration = configuration()
            configuration.keptConnections = 2
            let client = HTTPEgressClient(configuration)
            try await withPlugin(grant(client, server)) { modest in
                try await withPlugin(grant(client, server)) { greedy in
                    func send(_ plugin: EgressPlugin, _ host: String) async throws {
                        let answer = try await plugin.send(GuestRequest(url: "http://\(host):\(server.port)/"))
                        #expect(answer.result == 200)
                    }
                    try await send(modest, "a.test")
                    for host in ["a.test", "b.test", "c.test", "d.test"] { try await send(greedy, host) }
                    await server.closures(3)
                    #expect(server.connections == 5)
                    try await send(modest, "a.test")
                    #expect(server.connections == 5)
                }
            }
            await client.shutdown()
        }
    }

    @Test func `a request that was cancelled leaves its place to the next one`() async throws {
        try await LoopbackServer.with(reply: { request, channel in
            if !request.hasPrefix("GET /never") { channel.respond() }
        }) { server in
            var limits = HTTPEgressLimits()
            limits.concurrentRequests = 1
            try await withEgress(["http://plugins.test:\(server.port)"], limits: limits) { plugin in
                for round in 1...20 {
                    let pending = Task {
                        try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/never"))
                    }
                    await server.arrivals(2 * round - 1)
                    pending.cancel()
                    _ = await pending.result
                    // The call ends before the request's task has, so that the place may be taken for another moment.
                    var answer: GuestAnswer
                    repeat {
                        answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                    } while answer.result == HTTPEgressResult.overloaded.rawValue
                    #expect(answer.result == 200)
                }
            }
        }
    }
}
