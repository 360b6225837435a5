import Airlock
import AirlockHTTP
import NIOCore
import Synchronization
import Testing

@Suite("HTTP egress time, cancellation and concurrency")
struct TimeTests {
    /// Never answers.
    private static let silent: LoopbackServer.Reply = { _, _ in }

    /// Sends a byte now and then, for ever.
    private static let dripping: LoopbackServer.Reply = { _, channel in
        channel.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(5)) { _ in
            channel.send("a")
        }
        channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    @Test(arguments: [true, false])
    func `a server that is silent or slow costs no more time than granted`(isSilent: Bool) async throws {
        var limits = HTTPEgressLimits()
        limits.timeout = .milliseconds(200)
        try await LoopbackServer.with(reply: isSilent ? Self.silent : Self.dripping) { server in
            try await withEgress(["http://plugins.test:\(server.port)"], limits: limits) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/"))
                #expect(answer.result == HTTPEgressResult.timedOut.rawValue)
                await server.closures(1)
            }
        }
    }

    @Test func `a guest can ask for less time than it was granted`() async throws {
        try await LoopbackServer.with(reply: Self.silent) { server in
            var limits = HTTPEgressLimits()
            limits.timeout = .seconds(3_600)
            try await withEgress(["http://plugins.test:\(server.port)"], limits: limits) { plugin in
                let request = GuestRequest(url: "http://plugins.test:\(server.port)/", timeout: 50)
                let answer = try await plugin.send(request)
                #expect(answer.result == HTTPEgressResult.timedOut.rawValue)
            }
        }
    }

    @Test func `a resolver that never answers costs no more time than granted`() async throws {
        let never = AsyncStream.makeStream(of: IPAddress.self)
        let resolver = AddressResolver { _ in await never.stream.reduce(into: []) { $0.append($1) } }
        try await withEgress(["http://plugins.test"], resolver: resolver) { plugin in
            let request = GuestRequest(url: "http://plugins.test/", timeout: 50)
            let answer = try await plugin.send(request)
            #expect(answer.result == HTTPEgressResult.timedOut.rawValue)
        }
        never.continuation.finish()
    }

    @Test func `the call's deadline ends the request`() async throws {
        try await LoopbackServer.with(reply: Self.dripping) { server in
            let limits = PluginLimits(deadline: .milliseconds(500))
            try await withEgress(["http://plugins.test:\(server.port)"], callLimits: limits) { plugin in
                let request = GuestRequest(url: "http://plugins.test:\(server.port)/")
                // The request's own end and the call's come at the same time.
                do {
                    let answer = try await plugin.send(request)
                    #expect(answer.result == HTTPEgressResult.timedOut.rawValue)
                } catch let error as PluginError {
                    #expect(error.code == .deadline)
                }
            }
        }
    }

    @Test(arguments: [true, false])
    func `cancelling the call closes the connection`(isSilent: Bool) async throws {
        try await LoopbackServer.with(reply: isSilent ? Self.silent : Self.dripping) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let call = Task { try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)/")) }
                await server.arrivals(1)
                call.cancel()
                let error = await #expect(throws: PluginError.self) { try await call.value }
                #expect(error?.code == .cancelled)
                await server.closures(1)
            }
        }
    }

    @Test func `one request more than granted at a time is refused at once, and the others go on`() async throws {
        let waiting = Mutex<[any Channel]>([])
        try await LoopbackServer.with(reply: { _, channel in waiting.withLock { $0.append(channel) } }) { server in
            var limits = HTTPEgressLimits()
            limits.concurrentRequests = 2
            try await withEgress(["http://plugins.test:\(server.port)"], limits: limits) { plugin in
                let request = GuestRequest(url: "http://plugins.test:\(server.port)/")
                async let first = plugin.send(request)
                async let second = plugin.send(request)
                // The server counts a request before it hands over its channel.
                while waiting.withLock({ $0.count }) < 2 { await Task.yield() }
                let refused = try await plugin.send(request)
                #expect(refused.result == HTTPEgressResult.overloaded.rawValue)
                for channel in waiting.withLock({ $0 }) { channel.respond() }
                let firstAnswer = try await first
                #expect(firstAnswer.result == 200)
                let secondAnswer = try await second
                #expect(secondAnswer.result == 200)
                async let third = plugin.send(request)
                while waiting.withLock({ $0.count }) < 3 { await Task.yield() }
                waiting.withLock { $0 }.last?.respond()
                let thirdAnswer = try await third
                #expect(thirdAnswer.result == 200)
            }
        }
    }

    @Test func `a request after the client was shut down fails, and one under way ends`() async throws {
        try await LoopbackServer.with(reply: Self.silent) { server in
            let result = try await withHTTPEgressClient(resolver: fixed([:])) { client in
                let rule = try HTTPRule("http://127.0.0.1:\(server.port)")
                let grant = HTTPEgress(
                    client, rules: [rule], addresses: AddressPolicy(allowed: [try IPRange("127.0.0.1")]))
                return try await withPlugin(grant) { plugin in
                    let request = GuestRequest(url: "http://127.0.0.1:\(server.port)/")
                    async let pending = plugin.send(request)
                    await server.arrivals(1)
                    await client.shutdown()
                    let ended = try await pending.result
                    return (ended, try await plugin.send(request).result)
                }
            }
            #expect(result.0 == HTTPEgressResult.connectionFailed.rawValue)
            #expect(result.1 == HTTPEgressResult.connectionFailed.rawValue)
        }
    }
}
