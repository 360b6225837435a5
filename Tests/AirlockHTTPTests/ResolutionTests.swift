import Airlock
import AirlockHTTP
import Synchronization
import Testing

@Suite("HTTP egress and host names")
struct ResolutionTests {
    @Test func `a name that changes its address between two lookups reaches only the address that was checked`()
        async throws
    {
        try await LoopbackServer.with(at: "127.0.0.2", reply: { _, channel in channel.respond(body: "open") }) { open in
            try await LoopbackServer.with(port: open.port, reply: { _, channel in channel.respond(body: "hidden") }) {
                hidden in
                // The first answer is allowed, every later one is not: as an attacker's name server does it.
                let lookups = Atomic<Int>(0)
                let resolver = AddressResolver { _ in
                    let count = lookups.wrappingAdd(1, ordering: .relaxed).newValue
                    return [IPAddress(count == 1 ? "127.0.0.2" : "127.0.0.1")].compactMap(\.self)
                }
                let rules = ["http://rebinding.test:\(open.port)"]
                try await withEgress(rules, allowing: ["127.0.0.2/32"], resolver: resolver) { plugin in
                    let request = GuestRequest(url: "http://rebinding.test:\(open.port)/")
                    let answer = try await plugin.send(request)
                    #expect(answer.text == "open")
                    #expect(open.requests[0].lowercased().contains("host: rebinding.test:\(open.port)\r\n"))
                    #expect(lookups.load(ordering: .relaxed) == 1)
                    // Not even over the connection that is still open.
                    let second = try await plugin.send(request)
                    #expect(second.result == HTTPEgressResult.notAllowed.rawValue)
                    #expect(open.requests.count == 1)
                    #expect(hidden.connections == 0)
                }
            }
        }
    }

    @Test(arguments: [
        ["10.0.0.1"], ["127.0.0.1"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"], ["fd00:ec2::254"],
        ["64:ff9b::a00:1"],
        ["127.0.0.2", "192.168.0.1"], ["192.168.0.1", "127.0.0.2"], ["127.0.0.2", "::ffff:10.0.0.1"],
    ])
    func `a name with a forbidden address, alone or among others, reaches nobody`(addresses: [String]) async throws {
        try await LoopbackServer.with(at: "127.0.0.2", reply: { _, channel in channel.respond() }) { server in
            let resolver = fixed(["plugins.test": addresses])
            let rules = ["http://plugins.test:\(server.port)"]
            try await withEgress(rules, allowing: ["127.0.0.2/32"], resolver: resolver) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.notAllowed.rawValue)
                #expect(server.connections == 0)
            }
        }
    }

    @Test func `a name without an address, or that cannot be looked up, is a result of the guest's`() async throws {
        let resolver = AddressResolver { name in
            if name == "broken.test" { throw CancellationError() }
            return []
        }
        try await withEgress(["http://broken.test", "http://empty.test"], resolver: resolver) { plugin in
            for host in ["broken.test", "empty.test"] {
                let answer = try await plugin.send(GuestRequest(url: "http://\(host)/"))
                #expect(answer.result == HTTPEgressResult.nameNotResolved.rawValue)
            }
        }
    }

    @Test func `the system's resolver finds this machine, and its address is refused`() async throws {
        try await withEgress(["http://localhost"], allowing: [], resolver: .system) { plugin in
            let answer = try await plugin.send(GuestRequest(url: "http://localhost/"))
            #expect(answer.result == HTTPEgressResult.notAllowed.rawValue)
        }
    }

    @Test func `an address that refuses connections gives way to the next one of the name`() async throws {
        try await LoopbackServer.with(at: "127.0.0.2", reply: { _, channel in channel.respond(body: "second") }) {
            server in
            // Nothing listens at 127.0.0.9, whatever other tests do.
            let resolver = fixed(["plugins.test": ["127.0.0.9", "127.0.0.2"], "closed.test": ["127.0.0.9"]])
            let rules = ["http://plugins.test:\(server.port)", "http://closed.test:\(server.port)"]
            try await withEgress(rules, allowing: ["127.0.0.0/8"], resolver: resolver) { plugin in
                let request = GuestRequest(method: "POST", url: "http://plugins.test:\(server.port)/", body: [1])
                let answer = try await plugin.send(request)
                #expect(answer.text == "second")
                let closed = try await plugin.send(GuestRequest(url: "http://closed.test:\(server.port)/"))
                #expect(closed.result == HTTPEgressResult.connectionFailed.rawValue)
            }
        }
    }

    @Test func `many addresses of one family do not keep the other family from being tried`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            // Nothing listens there, or there is no IPv6 at all.
            let resolver = fixed(["plugins.test": Array(repeating: "::1", count: 9) + ["127.0.0.1"]])
            let rules = ["http://plugins.test:\(server.port)"]
            try await withEgress(rules, allowing: loopback + ["::1"], resolver: resolver) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == 200)
            }
        }
    }

    @Test func `a connection serves the next request to the same host, and not another host at the same address`()
        async throws
    {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            let resolver = fixed(["one.test": ["127.0.0.1"], "two.test": ["127.0.0.1"]])
            try await withEgress(["http://*.test:\(server.port)"], resolver: resolver) { plugin in
                for host in ["one.test", "one.test", "two.test", "one.test"] {
                    let answer = try await plugin.send(GuestRequest(url: "http://\(host):\(server.port)/"))
                    #expect(answer.result == 200)
                }
                #expect(server.connections == 2)
            }
        }
    }
}
