import Airlock
import AirlockHTTP
import Dispatch
import Synchronization
import Testing

@Suite("HTTP egress and name lookups that hang", .timeLimit(.minutes(2)))
struct LookupTests {
    /// Blocks the lookups of `*.stuck.test` until it is opened; every other name is here.
    private struct Gate: Sendable {
        private let opened = DispatchSemaphore(value: 0)
        private let arrivals = AsyncStream.makeStream(of: Void.self)

        var resolver: AddressResolver {
            .blocking { name in
                if name.hasSuffix(".stuck.test") {
                    arrivals.continuation.yield()
                    opened.wait()
                }
                return [IPAddress("127.0.0.1")].compactMap(\.self)
            }
        }

        /// Waits until that many more lookups block.
        func arrivals(_ count: Int) async {
            var iterator = arrivals.stream.makeAsyncIterator()
            for _ in 0..<count { await iterator.next() }
        }

        func open(_ count: Int) {
            for _ in 0..<count { opened.signal() }
        }
    }

    private func grant(_ client: HTTPEgressClient, _ server: LoopbackServer, requests: Int = 100) throws -> HTTPEgress {
        var limits = HTTPEgressLimits()
        limits.concurrentRequests = requests
        return HTTPEgress(
            client, rules: [try HTTPRule("http://*.test:\(server.port)")],
            addresses: AddressPolicy(allowed: [try IPRange("127.0.0.1")]), limits: limits)
    }

    /// Sends requests for names that hang until their lookups have begun.
    private func hang(_ count: Int, _ plugin: EgressPlugin, _ server: LoopbackServer, _ gate: Gate) async
        -> [Task<Int32, any Error>]
    {
        let calls = (0..<count).map { index in
            Task { try await plugin.send(GuestRequest(url: "http://\(index).stuck.test:\(server.port)/")).result }
        }
        await gate.arrivals(count)
        return calls
    }

    private func expectAnswers(_ calls: [Task<Int32, any Error>]) async throws {
        for call in calls {
            let result = try await call.value
            #expect(result == 200)
        }
    }

    @Test func `a grant whose names hang has no more lookups, also where it gives up, and others go on`() async throws {
        let gate = Gate()
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withHTTPEgressClient(resolver: gate.resolver) { client in
                try await withPlugin(grant(client, server)) { hostile in
                    let calls = await hang(16, hostile, server, gate)
                    defer { gate.open(calls.count) }
                    let request = GuestRequest(url: "http://plugins.test:\(server.port)/")
                    let refused = try await hostile.send(request)
                    #expect(refused.result == HTTPEgressResult.overloaded.rawValue)
                    for call in calls {
                        call.cancel()
                        let error = await #expect(throws: PluginError.self) { try await call.value }
                        #expect(error?.code == .cancelled)
                    }
                    let stillRefused = try await hostile.send(request)
                    #expect(stillRefused.result == HTTPEgressResult.overloaded.rawValue)
                    try await withPlugin(grant(client, server)) { other in
                        let answer = try await other.send(request)
                        #expect(answer.result == 200)
                    }
                }
            }
        }
    }

    @Test func `a lookup that ends gives its place to the next one`() async throws {
        let gate = Gate()
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withHTTPEgressClient(resolver: gate.resolver) { client in
                try await withPlugin(grant(client, server, requests: 2)) { plugin in
                    for _ in 0..<3 {
                        let calls = await hang(2, plugin, server, gate)
                        gate.open(2)
                        try await expectAnswers(calls)
                    }
                }
            }
        }
    }

    @Test func `narrowed grants have their lookups together`() async throws {
        let gate = Gate()
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withHTTPEgressClient(resolver: gate.resolver) { client in
                let policy = try grant(client, server)
                let wish = CapabilityWish(HTTPEgress.id)
                try await withPlugin(policy.attenuated(to: wish)) { one in
                    try await withPlugin(policy.attenuated(to: wish)) { two in
                        let calls = await hang(10, one, server, gate) + hang(6, two, server, gate)
                        for plugin in [one, two] {
                            let refused = try await plugin.send(
                                GuestRequest(url: "http://plugins.test:\(server.port)/"))
                            #expect(refused.result == HTTPEgressResult.overloaded.rawValue)
                        }
                        gate.open(16)
                        try await expectAnswers(calls)
                    }
                }
            }
        }
    }

    @Test func `a resolver of one's own that does not heed its cancellation keeps its place as well`() async throws {
        let waiting = Mutex<CheckedContinuation<Void, Never>?>(nil)
        let resolver = AddressResolver { name in
            if name == "stuck.test" { await withCheckedContinuation { next in waiting.withLock { $0 = next } } }
            return [IPAddress("127.0.0.1")].compactMap(\.self)
        }
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            try await withHTTPEgressClient(resolver: resolver) { client in
                try await withPlugin(grant(client, server, requests: 1)) { plugin in
                    let stuck = GuestRequest(url: "http://stuck.test:\(server.port)/", timeout: 20)
                    let first = try await plugin.send(stuck)
                    #expect(first.result == HTTPEgressResult.timedOut.rawValue)
                    let request = GuestRequest(url: "http://plugins.test:\(server.port)/")
                    let refused = try await plugin.send(request)
                    #expect(refused.result == HTTPEgressResult.overloaded.rawValue)
                    while waiting.withLock({ $0 == nil }) { await Task.yield() }
                    waiting.withLock(\.self)?.resume()
                    var answer: GuestAnswer
                    repeat {
                        answer = try await plugin.send(request)
                    } while answer.result == HTTPEgressResult.overloaded.rawValue
                    #expect(answer.result == 200)
                }
            }
        }
    }
}
