import Airlock
import AirlockProxyWasm
import Gateway
import Hummingbird
import NIOCore
import Testing

/// What filters may not do: make the gateway announce another body than it sends, so that the client takes one response for part of another.
@Suite struct Framing {
    /// Replaces a field of requests (map 0) or of responses (map 2).
    private static func replacing(_ name: String, with value: String, in map: Int) -> PluginConfiguration {
        let callback = map == 0 ? "proxy_on_request_headers" : "proxy_on_response_headers"
        let source = """
            (module
              (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (data (i32.const 0) "\(name)") (data (i32.const 100) "\(value)")
              (func (export "malloc") (param i32) (result i32) (i32.const 8192))
              (func (export "proxy_abi_version_0_2_1"))
              (func (export "\(callback)") (param i32 i32 i32) (result i32)
                (drop (call $replace (i32.const \(map)) (i32.const 0) (i32.const \(name.utf8.count))
                  (i32.const 100) (i32.const \(value.utf8.count))))
                (i32.const 0)))
            """
        return PluginConfiguration(filter: FilterConfiguration(name: "replacing", source: .wat(source)))
    }

    private func with(
        _ filter: PluginConfiguration, _ answer: @escaping TestUpstream.Answer,
        _ body: @Sendable (RawConnection) async throws -> Void
    ) async throws {
        try await TestUpstream.with(answer) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [filter])) { gateway in
                try await RawConnection.with(gateway.address, body)
            }
        }
    }

    private static let request = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    @Test func `a request that a filter made a HEAD is answered without a body, and says so`() async throws {
        let answer: TestUpstream.Answer = { _ in
            Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "four")))
        }
        try await with(Self.replacing(":method", with: "HEAD", in: 0), answer) { connection in
            for _ in 1...2 {
                try await connection.send(Self.request)
                let head = try await connection.head()
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(head.contains("content-length: 0\r\n"))
            }
        }
    }

    @Test func `a 304 that a filter made a 200 has no body, whatever length the upstream named`() async throws {
        let answer: TestUpstream.Answer = { _ in
            Response(status: .notModified, headers: [.contentLength: "4"])
        }
        try await with(Self.replacing(":status", with: "200", in: 2), answer) { connection in
            for _ in 1...2 {
                try await connection.send(Self.request)
                let head = try await connection.head()
                #expect(head.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(head.contains("content-length: 0\r\n"))
            }
        }
    }

    @Test func `a 200 that a filter made a 304 is sent without its body`() async throws {
        let answer: TestUpstream.Answer = { _ in
            Response(status: .ok, body: .init(byteBuffer: ByteBuffer(string: "four")))
        }
        try await with(Self.replacing(":status", with: "304", in: 2), answer) { connection in
            for _ in 1...2 {
                try await connection.send(Self.request)
                #expect(try await connection.head().hasPrefix("HTTP/1.1 304 Not Modified\r\n"))
            }
        }
    }

    @Test(arguments: ["/../secret", "/a/%2e%2E/secret"])
    func `a path that a filter left with dot segments is not sent`(path: String) async throws {
        let filter = Self.replacing(":path", with: path, in: 0)
        let answer: TestUpstream.Answer = { _ in
            Issue.record("the upstream was asked")
            return Response(status: .ok)
        }
        try await with(filter, answer) { connection in
            try await connection.send(Self.request)
            #expect(try await connection.head().hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        }
    }

    @Test func `what the gateway answers in place of an upstream passes the response filters`() async throws {
        let filter = Self.replacing("x-seen", with: "yes", in: 2)
        let free = try await TestUpstream.with(TestUpstream.echo) { $0 }
        try await RunningGateway.with(try .forwarding(to: free, plugins: [filter])) { gateway in
            let response = try await gateway.send("GET", "/")
            #expect(response.status == 503)
            #expect(response.headers["x-seen"] == "yes")
            #expect(response.body == "503 Service Unavailable: upstream \"up\" cannot be reached\n")
        }
    }

    @Test(arguments: [false, true])
    func `a changed path chooses the route anew where the filter is configured so`(isChosenAnew: Bool) async throws {
        var filter = Self.replacing(":path", with: "/other", in: 0)
        filter.filter.headersChooseRoute = isChosenAnew
        var configuration = try GatewayConfiguration.forwarding(
            to: ListenAddress(host: "127.0.0.1", port: 9), plugins: [filter])
        configuration.routes = [
            RouteConfiguration(
                prefix: try #require(PathPrefix("/other")), action: .respond(status: 200, body: "other")),
            RouteConfiguration(
                prefix: try #require(PathPrefix("/")),
                action: .filteredRespond(filters: ["replacing"], status: 200, body: "first")),
        ]
        try await RunningGateway.with(configuration) { gateway in
            let answer = try await gateway.send("GET", "/")
            #expect(answer.body == (isChosenAnew ? "other" : "first"))
        }
    }
}
