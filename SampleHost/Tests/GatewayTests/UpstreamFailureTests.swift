import Gateway
import Hummingbird
import NIOCore
import Testing

@Suite struct `Upstream failures` {
    private func send(
        to upstream: ListenAddress,
        responseTimeout: Duration = .seconds(60)
    ) async throws -> (status: Int, headers: [String: String], body: String) {
        var configuration = try GatewayConfiguration.forwarding(to: upstream)
        configuration.upstreams["up"]?.responseTimeout = responseTimeout
        return try await RunningGateway.with(configuration) { gateway in try await gateway.send("GET", "/") }
    }

    @Test func `nobody listens: 503`() async throws {
        let free = try await TestUpstream.with(TestUpstream.echo) { $0 }
        let response = try await send(to: free)
        #expect(response.status == 503)
        #expect(response.body == "503 Service Unavailable: upstream \"up\" cannot be reached\n")
    }

    @Test func `the upstream closes without an answer: 502`() async throws {
        let response = try await RawConnection.listen { connection in
            _ = try await connection.head()
        } while: { upstream in
            try await send(to: upstream)
        }
        #expect(response.status == 502)
        #expect(response.body == "502 Bad Gateway: upstream \"up\" closed the connection before it answered\n")
    }

    @Test func `the upstream answers with what is not HTTP: 502`() async throws {
        let response = try await RawConnection.listen { connection in
            _ = try await connection.head()
            try await connection.send("SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
            _ = try await connection.rest()
        } while: { upstream in
            try await send(to: upstream)
        }
        #expect(response.status == 502)
        #expect(response.body == "502 Bad Gateway: upstream \"up\" sent what is not HTTP/1.1\n")
    }

    @Test func `the upstream does not answer in time: 504`() async throws {
        let response = try await RawConnection.listen { connection in
            _ = try await connection.rest()
        } while: { upstream in
            try await send(to: upstream, responseTimeout: .milliseconds(100))
        }
        #expect(response.status == 504)
        #expect(response.body == "504 Gateway Timeout: upstream \"up\" took too long to answer\n")
    }

    @Test func `an answer that breaks off does not look complete to the client`() async throws {
        for framing in ["Content-Length: 100", "Transfer-Encoding: chunked"] {
            let part = framing.hasPrefix("C") ? "hello" : "5\r\nhello\r\n"
            let received = try await RawConnection.listen { connection in
                _ = try await connection.head()
                try await connection.send("HTTP/1.1 200 OK\r\n\(framing)\r\n\r\n\(part)")
            } while: { upstream in
                try await RunningGateway.with(try .forwarding(to: upstream)) { gateway in
                    try await RawConnection.with(gateway.address) { connection in
                        try await connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                        return try await connection.rest()
                    }
                }
            }
            #expect(received.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(received.lowercased().contains(framing.lowercased()))
            #expect(received.hasSuffix(part) || received.hasSuffix("\r\n\r\n"), "\(received)")
        }
    }
}
