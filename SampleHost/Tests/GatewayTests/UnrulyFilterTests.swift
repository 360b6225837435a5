import Airlock
import AirlockProxyWasm
import Gateway
import Testing

@Suite struct `Unruly filters` {
    /// A way to misbehave that ends the filter's instance.
    static let fatal = ["loop", "memory", "trap", "recurse", "log", "host-calls"]
    private static let limits = PluginLimits(
        fuel: 20_000_000, deadline: .seconds(10), hostCalls: 10_000, memory: 2 << 20)

    private func with(
        _ policy: FailurePolicy,
        limits: PluginLimits = Self.limits,
        _ body: @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        let unruly = try await SampleGuests.plugin("unruly", limits: limits, onFailure: policy)
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [unruly]), body)
        }
    }

    @Test(arguments: fatal)
    func `a filter that fails closed answers 503, and the next request is served`(mode: String) async throws {
        try await with(.closed) { (gateway) async throws in
            for _ in 1...3 {
                #expect(try await gateway.send("GET", "/", headers: [("x-unruly", mode)]).status == 503)
                #expect(try await gateway.send("GET", "/").status == 200)
            }
        }
    }

    @Test(arguments: fatal)
    func `a filter that fails open is left out of that request`(mode: String) async throws {
        try await with(.open) { (gateway) async throws in
            for _ in 1...3 {
                let response = try await gateway.send("POST", "/", headers: [("x-unruly", mode)], body: "hello")
                #expect(response.status == 200)
                #expect(response.body.hasSuffix("\n\nhello"))
            }
            #expect(try await gateway.send("GET", "/").status == 200)
        }
    }

    @Test func `a filter that is reloaded after a wait answers 503 until then`() async throws {
        let backoff = ReloadBackoff(initial: .milliseconds(20), maximum: .milliseconds(40), resetAfter: .seconds(60))
        try await with(.reload(backoff: backoff)) { gateway in
            #expect(try await gateway.send("GET", "/", headers: [("x-unruly", "trap")]).status == 503)
            var statuses: Set<Int> = []
            while !statuses.contains(200) { statuses.insert(try await gateway.send("GET", "/").status) }
            #expect(statuses.subtracting([200, 503]).isEmpty)
        }
    }

    @Test func `a header that is too large is refused, and the request goes on without it`() async throws {
        try await with(.closed) { gateway in
            let response = try await gateway.send("GET", "/", headers: [("x-unruly", "header")])
            #expect(response.status == 200)
            #expect(!response.headers.keys.contains("x-huge"))
        }
    }

    @Test func `pointers outside memory harm at most the request that they were passed for`() async throws {
        try await with(.closed) { gateway in
            for _ in 1...3 {
                let status = try await gateway.send("GET", "/", headers: [("x-unruly", "bad-pointer")]).status
                #expect([200, 503].contains(status))
                #expect(try await gateway.send("GET", "/").status == 200)
            }
        }
    }

    @Test func `a filter that answers from every callback answers once`() async throws {
        try await with(.closed) { (gateway) async throws in
            let response = try await gateway.send("GET", "/", headers: [("x-unruly", "local-loop")])
            #expect((200...599).contains(response.status))
            #expect(try await gateway.send("GET", "/").status == 200)
        }
    }

    @Test func `a filter with fuel for ever is stopped by its deadline`() async throws {
        let limits = PluginLimits(fuel: .max / 4, deadline: .milliseconds(200))
        try await with(.closed, limits: limits) { (gateway) async throws in
            #expect(try await gateway.send("GET", "/", headers: [("x-unruly", "loop")]).status == 503)
            #expect(try await gateway.send("GET", "/").status == 200)
        }
    }

    @Test func `requests through other filters are served while a filter misbehaves`() async throws {
        let unruly = try await SampleGuests.plugin("unruly", limits: Self.limits)
        let other = try await SampleGuests.plugin("add-header")
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [unruly, other])
            configuration.routes = [
                RouteConfiguration(
                    prefix: try #require(PathPrefix("/bad")), action: .forward(filters: ["unruly"], upstream: "up")),
                RouteConfiguration(
                    prefix: try #require(PathPrefix("/")), action: .forward(filters: ["add-header"], upstream: "up")),
            ]
            try await RunningGateway.with(configuration) { gateway in
                try await withThrowingTaskGroup(of: (isBad: Bool, status: Int).self) { group in
                    for number in 0..<120 {
                        let isBad = number.isMultiple(of: 4)
                        let mode = Self.fatal[number / 4 % Self.fatal.count]
                        group.addTask {
                            let path = isBad ? "/bad" : "/"
                            return (isBad, try await gateway.send("GET", path, headers: [("x-unruly", mode)]).status)
                        }
                    }
                    for try await (isBad, status) in group { #expect(status == (isBad ? 503 : 200)) }
                }
            }
        }
    }
}
