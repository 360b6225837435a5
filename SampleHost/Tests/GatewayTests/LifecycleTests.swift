import Gateway
import Hummingbird
import NIOCore
import Testing

@Suite struct Lifecycle {
    @Test func `a request in progress finishes while the gateway drains, and new connections are refused`() async throws
    {
        let begun = AsyncStream<Void>.makeStream()
        let goOn = AsyncStream<Void>.makeStream()
        let answer: TestUpstream.Answer = { _ in
            begun.continuation.finish()
            for await _ in goOn.stream {}
            return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "finished")))
        }
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    for await _ in begun.stream {}
                    await gateway.drain()
                    while try await readiness(of: gateway) != 503 {}
                    goOn.continuation.finish()
                    let response = try await connection.rest()
                    #expect(response.hasPrefix("HTTP/1.1 200 OK\r\n"))
                    #expect(response.hasSuffix("finished"))
                    #expect(response.contains("connection: close\r\n"))
                }
                await #expect(throws: (any Error).self) {
                    while true { try await RawConnection.with(gateway.address) { _ in } }
                }
            }
        }
    }

    @Test func `a request that does not finish while the gateway drains is cut off`() async throws {
        let begun = AsyncStream<Void>.makeStream()
        try await RawConnection.listen { connection in
            _ = try await connection.head()
            begun.continuation.finish()
            _ = try await connection.rest()
        } while: { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream)
            configuration.drain = .milliseconds(50)
            try await RunningGateway.with(configuration) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                    for await _ in begun.stream {}
                    await gateway.drain()
                    #expect(try await connection.rest() == "")
                }
            }
        }
    }

    private func readiness(of gateway: RunningGateway) async throws -> Int {
        try await gateway.sendToAdmin("/readyz").status
    }

    @Test func `an address that is taken is an error, and nothing runs`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { taken in
            var configuration = try GatewayConfiguration.forwarding(to: taken)
            configuration.listeners = [ListenerConfiguration(address: taken)]
            let gateway = try await Gateway(configuration, logger: RunningGateway.logger)
            await #expect(throws: (any Error).self) { try await gateway.run() }
            #expect(await gateway.address == nil)
        }
    }

    @Test func `a reference to nothing is an error with every reason`() async throws {
        let configuration = GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0),
            routes: [
                RouteConfiguration(
                    prefix: try #require(PathPrefix("/a")), action: .forward(filters: [], upstream: "x")),
                RouteConfiguration(
                    prefix: try #require(PathPrefix("/b")), action: .forward(filters: [], upstream: "y")),
            ]
        )
        let error = await #expect(throws: GatewayError.self) {
            try await Gateway(configuration, logger: RunningGateway.logger)
        }
        #expect(error?.reasons == ["route /a: no upstream \"x\"", "route /b: no upstream \"y\""])
    }
}
