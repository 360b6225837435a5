import Airlock
import AirlockHTTP
import Dispatch
import NIOCore
import Synchronization
import Testing

@Suite("Hostile: addresses that plugins ask for")
struct EgressAddressTests {
    @Test("A request to a host that was not granted, by whatever spelling, is denied")
    func spelling() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                let egress = HTTPEgress(HTTPEgressClient(), rules: [try HTTPRule("https://api.example.com")])
                var requests: [Request] = []
                for url in spellings { requests.append(try await load(egress, asking: url, on: host)) }
                return taking(requests) { send in _ = try await failure(.denied) { _ = try await send() } }
            }
        }
    }

    @Test("A rule for an address that is not public does not open it")
    func address() async {
        await #expect(processExitsWith: .success) {
            try await withstand { host in
                var requests: [Request] = []
                for address in closedAddresses {
                    let egress = HTTPEgress(HTTPEgressClient(), rules: [try HTTPRule("http://\(address)")])
                    requests.append(try await load(egress, asking: "http://\(address)/", on: host))
                }
                return taking(requests) { send in
                    let error = try await failure(.denied) { _ = try await send() }
                    try #require(error.message.contains("the host's address"))
                }
            }
        }
    }

    @Test(
        "A name that leads to an address that is not public, alone or among others, reaches nobody",
        arguments: [
            ["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["fe80::1"], ["::1"], ["::ffff:10.0.0.1"],
            ["64:ff9b::a00:1"],
            ["127.0.0.2", "10.0.0.1"], ["10.0.0.1", "127.0.0.2"],
        ])
    func name(addresses: [String]) async {
        await #expect(processExitsWith: .success) { [addresses] in
            try await HostileServer.with(at: "127.0.0.2") { server in
                try await withstand { host in
                    let client = HTTPEgressClient(resolving: ["plugins.test": addresses])
                    let send = try await load(
                        grant(client, server), asking: "http://plugins.test:\(server.port)/", on: host)
                    return {
                        try #require(try await send() == HTTPEgressResult.notAllowed.rawValue)
                        try #require(server.requests == 0)
                    }
                }
            }
        }
    }

    @Test("A name that changes its address after it was checked reaches nobody, not even over an open connection")
    func rebinding() async {
        await #expect(processExitsWith: .success) {
            let reply: HostileServer.Reply = { _, channel in
                channel.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
            try await HostileServer.with(at: "127.0.0.2", reply: reply) { server in
                try await withstand { host in
                    let lookups = Mutex(0)
                    let client = HTTPEgressClient(
                        AddressResolver { _ in
                            let isFirst = lookups.withLock { count in
                                count += 1
                                return !count.isMultiple(of: 2)
                            }
                            return [IPAddress(isFirst ? "127.0.0.2" : "127.0.0.1")].compactMap(\.self)
                        })
                    let send = try await load(
                        grant(client, server), asking: "http://plugins.test:\(server.port)/", on: host)
                    var count = 0
                    return {
                        try #require(try await send() == 1)
                        try #require(try await send() == HTTPEgressResult.notAllowed.rawValue)
                        count += 1
                        try #require(server.requests == count)
                        try await server.settled(atMost: 1)
                    }
                }
            }
        }
    }

    @Test("Names that are never resolved cost their grant its lookups, and others none", arguments: [1, 4])
    func hanging(grants: Int) async {
        await #expect(processExitsWith: .success) { [grants] in
            try await HostileServer.with(at: "127.0.0.2") { server in
                // A repetition makes a connection.
                try await withstand(repetitions: 300) { host in
                    let (begun, never) = (Signal(), DispatchSemaphore(value: 0))
                    let client = HTTPEgressClient(
                        .blocking { name in
                            if name == "stuck.test" {
                                begun.send()
                                never.wait()
                            }
                            return [IPAddress("127.0.0.2")].compactMap(\.self)
                        })
                    let (url, stuck) = ("http://plugins.test:\(server.port)/", "http://stuck.test:\(server.port)/")
                    var refused: [Request] = []
                    for _ in 0..<grants {
                        let egress = try grant(client, server, requests: 40)
                        refused.append(try await load(egress, asking: url, on: host))
                        let hang = try await load(egress, asking: stuck, on: host)
                        let calls = (0..<16).map { _ in Task { try await hang() } }
                        for _ in calls { await begun.next() }
                        // Giving up does not make room for more.
                        for call in calls {
                            call.cancel()
                            _ = try await failure(.cancelled) { _ = try await call.value }
                        }
                    }
                    let other = try await load(grant(client, server), asking: url, on: host)
                    return {
                        for send in refused { try #require(try await send() == HTTPEgressResult.overloaded.rawValue) }
                        // 64 lookups are all that the process has.
                        try #require(try await other() == (grants < 4 ? 1 : HTTPEgressResult.overloaded.rawValue))
                        try await server.settled()
                    }
                }
            }
        }
    }

    @Test("A name that is not resolved in time leaves nothing behind")
    func slowNames() async {
        await #expect(processExitsWith: .success) {
            // A repetition waits for its time to pass.
            try await withstand(repetitions: 300) { host in
                var limits = HTTPEgressLimits()
                limits.timeout = .milliseconds(1)
                let client = HTTPEgressClient(
                    AddressResolver { _ in
                        await waitForCancellation()
                        return []
                    })
                let egress = HTTPEgress(client, rules: [try HTTPRule("http://plugins.test")], limits: limits)
                let send = try await load(egress, asking: "http://plugins.test/", on: host)
                return { try #require(try await send() == HTTPEgressResult.timedOut.rawValue) }
            }
        }
    }
}

/// URLs that may seem to name `https://api.example.com` and do not, or name what is nobody's.
private let spellings = [
    "https://evil.test/", "http://api.example.com/", "https://api.example.com:444/",
    "https://API.EXAMPLE.COM.:444/",
    "https://api.example.com.evil.test/", "https://evil-api.example.com/", "https://example.com/",
    "https://api.example.com@evil.test/", "https://api.example.com:443@evil.test/",
    "https://api.example.com%40evil.test/",
    "https://evil.test#@api.example.com/", "https://evil.test?@api.example.com/",
    "https://api.example.com\\@evil.test/",
    "https:\\\\evil.test\\.api.example.com/", "https://evil.test\t.api.example.com/",
    "https://api.exam\nple.com/",
    " https://api.example.com/", "https://api.example.com\u{0}.evil.test/",
    "https://api.example.com。evil.test/",
    "https://аpi.example.com/", "https://api.example.com../", "https://api..example.com/",
    "https://api%2eexample.com/",
    "http://localhost/", "http://127.0.0.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://017700000001/", "http://127.1/", "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::127.0.0.1]/",
    "http://[fe80::1]/", "http://[fe80::1%25eth0]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/",
    "file:///etc/passwd", "gopher://api.example.com/", "//evil.test/", "https:evil.test",
]

/// Addresses that are not public, as URLs have them.
private let closedAddresses = [
    "127.0.0.1", "0.0.0.0", "10.0.0.1", "169.254.169.254", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::7f00:1]",
    "[fe80::1]",
    "[fd00:ec2::254]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2001:0:808:808::1]", "[ff02::1]",
]

/// A call that sends a request.
private typealias Request = @Sendable () async throws -> Int32

/// A grant for every name below `test`, at the server's address.
private func grant(_ client: HTTPEgressClient, _ server: HostileServer, requests: Int = 16) throws -> HTTPEgress {
    var limits = HTTPEgressLimits()
    limits.concurrentRequests = requests
    return HTTPEgress(
        client, rules: [try HTTPRule("http://*.test:\(server.port)")],
        addresses: AddressPolicy(allowed: [try IPRange("127.0.0.2")]), limits: limits)
}

/// Loads a plugin that sends a request for the URL, and returns the call that has it do so.
private func load(_ egress: HTTPEgress, asking url: String, on host: PluginHost) async throws -> Request {
    let plugin = try await host.loadSuspendable(
        .wat(requesting(url)), name: "hostile", granting: [egress], limits: .patient)
    let send = try plugin.function("send", returning: Int32.self)
    return { try await plugin.call(send).value }
}
