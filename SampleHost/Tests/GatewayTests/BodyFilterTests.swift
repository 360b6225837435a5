import Airlock
import AirlockProxyWasm
import Gateway
import Hummingbird
import NIOCore
import Testing

@Suite struct `Filters of requests` {
    /// A filter in WebAssembly text: `callback` is its `proxy_on_request_headers` or `proxy_on_request_body`.
    private func filter(_ callback: String, data: String) -> PluginConfiguration {
        let wat = """
            (module
              (import "env" "proxy_set_buffer_bytes" (func $set_buffer (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_send_local_response"
                (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
              (memory (export "memory") 1)
              (global $next (mut i32) (i32.const 4096))
              (data (i32.const 0) "\(data)")
              (func (export "proxy_abi_version_0_2_1"))
              (func (export "malloc") (param $size i32) (result i32)
                (global.get $next)
                (global.set $next (i32.add (global.get $next) (local.get $size))))
              \(callback))
            """
        return PluginConfiguration(filter: FilterConfiguration(name: "wat", source: .wat(wat)))
    }

    private func send(_ body: String?, through plugin: PluginConfiguration) async throws -> (status: Int, body: String)
    {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [plugin])) { gateway in
                let response = try await gateway.send(body == nil ? "GET" : "POST", "/from", body: body)
                return (response.status, response.body)
            }
        }
    }

    @Test func `a changed body reaches the upstream whole, without the old length`() async throws {
        let append = filter(
            """
            (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
              (drop (call $set_buffer (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 3)))
              (i32.const 0))
            """,
            data: "<+>"
        )
        let (status, body) = try await send("hello", through: append)
        #expect(status == 200)
        #expect(body.contains("transfer-encoding: chunked\n"))
        #expect(!body.contains("content-length"))
        #expect(body.contains("<+>hello"))
    }

    @Test func `a filter that only reads headers leaves the length as it is`() async throws {
        let idle = filter("", data: "")
        let (status, body) = try await send("hello", through: idle)
        #expect(status == 200)
        #expect(body.contains("content-length: 5\n"))
    }

    @Test func `a filter can change path, method and authority`() async throws {
        let replace = filter(
            """
            (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
              (drop (call $replace (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 5) (i32.const 6)))
              (drop (call $replace (i32.const 0) (i32.const 11) (i32.const 7) (i32.const 18) (i32.const 3)))
              (drop (call $replace (i32.const 0) (i32.const 21) (i32.const 10) (i32.const 31) (i32.const 7)))
              (i32.const 0))
            """,
            data: ":path/to?x=:methodPUT:authorityexample"
        )
        let (status, body) = try await send(nil, through: replace)
        #expect(status == 200)
        #expect(body.hasPrefix("PUT /to?x=\nhost: example\n"))
    }

    @Test func `a filter can answer in the middle of a body that is already on its way`() async throws {
        let refuse = filter(
            """
            (global $calls (mut i32) (i32.const 0))
            (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
              (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
              (if (i32.lt_u (global.get $calls) (i32.const 3)) (then (return (i32.const 0))))
              (drop (call $reply (i32.const 422) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 7)
                (i32.const 0) (i32.const 0) (i32.const -1)))
              (i32.const 1))
            """,
            data: "refused"
        )
        let received = AsyncStream<String>.makeStream()
        try await RawConnection.listen { connection in
            received.continuation.yield(try await connection.text(upTo: "one\r\n"))
            received.continuation.yield(try await connection.text(upTo: "two\r\n"))
            received.continuation.yield(try await connection.rest())
        } while: { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [refuse])
            configuration.workers = 1
            try await RunningGateway.with(configuration) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
                    for word in ["one", "two"] {
                        try await connection.send("3\r\n\(word)\r\n")
                        #expect(await received.stream.first { _ in true }?.hasSuffix("3\r\n\(word)\r\n") == true)
                    }
                    try await connection.send("5\r\nthree\r\n0\r\n\r\n")
                    #expect(try await connection.head().hasPrefix("HTTP/1.1 422 "))
                    #expect(try await connection.text(upTo: "refused") == "refused")
                    #expect(await received.stream.first { _ in true } == "")
                }
            }
        }
    }
}
