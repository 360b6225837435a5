import Airlock
import AirlockProxyWasm
import Gateway
import Hummingbird
import NIOCore
import Testing

@Suite struct `Filters that hold headers back until they have seen the body` {
    /// Adds a field to the headers of requests and responses at the end of their bodies.
    private static let late = """
        (module
          (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 100) "x-late")
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func (export "proxy_abi_version_0_2_1"))
          (func $headers (export "proxy_on_request_headers") (param i32 i32) (param $last i32) (result i32)
            (i32.eqz (local.get $last)))
          (func $body (param $map i32) (param $last i32) (result i32)
            (if (i32.eqz (local.get $last)) (then (return (i32.const 1))))
            (drop (call $add (local.get $map) (i32.const 100) (i32.const 6) (i32.const 100) (i32.const 6)))
            (i32.const 0))
          (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $body (i32.const 0) (local.get 2)))
          (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (call $headers (local.get 0) (local.get 1) (local.get 2)))
          (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (call $body (i32.const 2) (local.get 2))))
        """

    private func withGateway(
        _ answer: @escaping TestUpstream.Answer = TestUpstream.echo,
        _ body: @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        let filter = FilterConfiguration(
            name: "late", source: .wat(Self.late), allowOnHeadersStopIteration: true)
        try await TestUpstream.with(answer) { upstream in
            let configuration = try GatewayConfiguration.forwarding(
                to: upstream, plugins: [PluginConfiguration(filter: filter)])
            try await RunningGateway.with(configuration, body)
        }
    }

    @Test(arguments: [1, 200_000])
    func `change them then, and the whole body follows`(length: Int) async throws {
        let text = String(repeating: "a", count: length)
        try await withGateway { gateway in
            let answer = try await gateway.send("POST", "/", body: text)
            #expect(answer.status == 200)
            #expect(answer.body.contains("x-late: x-late\n"))
            #expect(answer.body.hasSuffix("\n" + text))
            #expect(answer.headers["x-late"] == "x-late")
        }
    }

    @Test func `see messages without a body as ever`() async throws {
        try await withGateway { _ in
            Response(status: .noContent)
        } _: { gateway in
            let answer = try await gateway.send("GET", "/")
            #expect(answer.status == 204)
            #expect(answer.headers["x-late"] == nil)
        }
    }

    @Test func `tell a client that waits for it to send its body`() async throws {
        try await withGateway { gateway in
            try await RawConnection.with(gateway.address) { connection in
                try await connection.send(
                    "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
                )
                #expect(try await connection.head().hasPrefix("HTTP/1.1 100 Continue\r\n"))
                try await connection.send("hello")
                let rest = try await connection.rest()
                #expect(rest.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(rest.contains("x-late: x-late\n"))
                #expect(rest.contains("hello"))
            }
        }
    }
}
