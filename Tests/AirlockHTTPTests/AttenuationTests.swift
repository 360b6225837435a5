import Airlock
import AirlockHTTP
import Testing

@Suite("HTTP egress grants and wishes")
struct AttenuationTests {
    private func attenuated(_ rules: [String], _ parameters: [String: ManifestValue]) async throws -> HTTPEgress {
        try await withHTTPEgressClient(resolver: fixed([:])) { client in
            try HTTPEgress(client, rules: try rules.map { try HTTPRule(text: $0) })
                .attenuated(to: CapabilityWish(HTTPEgress.id, parameters: parameters))
        }
    }

    @Test(arguments: [
        // policy, wish, what is left
        (["https://*.example.com"], ["GET https://api.example.com"], ["GET https://api.example.com"]),
        (["GET https://api.example.com"], ["https://*.example.com"], ["GET https://api.example.com"]),
        (["GET,POST https://example.com"], ["POST,PUT https://example.com"], ["POST https://example.com"]),
        (["https://*.a.example.com"], ["https://*.example.com"], ["https://*.a.example.com"]),
        (["https://*.example.com"], ["https://example.com"], []),
        (["https://*.example.com"], ["https://*.example.org", "https://*.badexample.com"], []),
        (["https://example.com"], ["http://example.com", "https://example.com:8443"], []),
        (["GET https://example.com"], ["POST https://example.com"], []),
        (
            ["https://a.test", "https://b.test"], ["GET https://b.test", "GET https://a.test"],
            ["GET https://b.test", "GET https://a.test"]
        ),
        (["https://127.0.0.1"], ["https://[::ffff:127.0.0.1]"], ["https://127.0.0.1"]),
    ])
    func `a plugin gets what its wish and the policy have in common`(policy: [String], wish: [String], left: [String])
        async throws
    {
        let grant = try await attenuated(policy, ["rules": .list(wish.map { .text($0) })])
        #expect(grant.rules.map(\.description) == left)
    }

    @Test func `methods and limits become lower and never higher`() async throws {
        let grant = try await attenuated(
            ["GET,POST https://a.test", "PUT https://b.test", "https://c.test"],
            [
                "methods": .list([.text("GET"), .text("DELETE")]), "responseBytes": .text("64 KiB"),
                "requestBytes": .text("64 MiB"),
                "concurrentRequests": .integer(2), "redirects": .integer(1_000), "timeout": .text("2 s"),
            ])
        #expect(grant.rules.map(\.description) == ["GET https://a.test", "DELETE,GET https://c.test"])
        #expect(grant.limits.responseBytes == 64 << 10)
        #expect(grant.limits.requestBytes == 1 << 20)
        #expect(grant.limits.concurrentRequests == 2)
        #expect(grant.limits.redirects == 5)
        #expect(grant.limits.timeout == .seconds(2))
    }

    @Test func `a wish without parameters gets all of the policy`() async throws {
        let grant = try await attenuated(["GET https://a.test"], [:])
        #expect(grant.rules.map(\.description) == ["GET https://a.test"])
        #expect(grant.limits == HTTPEgressLimits())
        #expect(grant.summary == "GET https://a.test, at most 1048576 bytes per response, 16 requests at a time")
    }

    @Test(
        arguments: [
            ["rules": .text("https://a.test")], ["rules": .list([.integer(1)])], ["rules": .list([.text("a.test")])],
            ["methods": .text("GET")], ["redirects": .integer(-1)], ["timeout": .integer(5)],
            ["allowedAddresses": .list([.text("10.0.0.0/8")])],
        ] as [[String: ManifestValue]])
    func `a wish that cannot be understood, or asks for addresses, is refused`(parameters: [String: ManifestValue])
        async throws
    {
        let error = await #expect(throws: PluginError.self) { try await attenuated(["https://a.test"], parameters) }
        #expect(error?.code == .manifest)
    }

    @Test func `a policy writes down rules, addresses and limits`() async throws {
        try await withHTTPEgressClient(resolver: fixed([:])) { client in
            let values: [String: ManifestValue] = [
                "rules": .list([.text("GET http://inner.test:8080")]),
                "allowedAddresses": .list([.text("10.1.0.0/16")]),
                "deniedAddresses": .list([.text("10.1.9.0/24")]), "responseBytes": .text("4 MiB"),
            ]
            let grant = try ManifestFields.read(values) { (fields) throws(PluginError) in
                try HTTPEgress(policy: &fields, client: client)
            }
            #expect(grant.rules.map(\.description) == ["GET http://inner.test:8080"])
            #expect(
                grant.addresses
                    == AddressPolicy(allowed: [try IPRange("10.1.0.0/16")], denied: [try IPRange("10.1.9.0/24")]))
            #expect(grant.limits.responseBytes == 4 << 20)
            let error = #expect(throws: PluginError.self) {
                try ManifestFields.read([:]) { (fields) throws(PluginError) in
                    try HTTPEgress(policy: &fields, client: client)
                }
            }
            #expect(error?.message.contains("rules is missing") == true)
        }
    }

    @Test func `plugins that share a policy do not share connections`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withHTTPEgressClient(resolver: fixed([:])) { client in
                let policy = HTTPEgress(
                    client, rules: [try HTTPRule("http://127.0.0.1:\(server.port)")],
                    addresses: AddressPolicy(allowed: [try IPRange("127.0.0.1")]))
                for round in 1...3 {
                    let part = try policy.attenuated(to: CapabilityWish(HTTPEgress.id))
                    try await withPlugin(part) { plugin in
                        for _ in 1...2 {
                            let answer = try await plugin.send(GuestRequest(url: "http://127.0.0.1:\(server.port)/"))
                            #expect(answer.result == 200)
                        }
                    }
                    #expect(server.connections == round)
                }
            }
        }
    }

    @Test func `the requests of a narrowed grant count for the whole one as well`() async throws {
        try await LoopbackServer.with(reply: { _, _ in }) { server in
            try await withHTTPEgressClient(resolver: fixed([:])) { client in
                var limits = HTTPEgressLimits()
                limits.concurrentRequests = 1
                let policy = HTTPEgress(
                    client, rules: [try HTTPRule("http://127.0.0.1:\(server.port)")],
                    addresses: AddressPolicy(allowed: [try IPRange("127.0.0.1")]), limits: limits
                )
                let wish = CapabilityWish(HTTPEgress.id)
                let (one, two) = (try policy.attenuated(to: wish), try policy.attenuated(to: wish))
                let request = GuestRequest(url: "http://127.0.0.1:\(server.port)/")
                try await withPlugin(one) { first in
                    try await withPlugin(two) { second in
                        let pending = Task { try await first.send(request) }
                        await server.arrivals(1)
                        let refused = try await second.send(request)
                        #expect(refused.result == HTTPEgressResult.overloaded.rawValue)
                        pending.cancel()
                        _ = await pending.result
                    }
                }
            }
        }
    }
}
