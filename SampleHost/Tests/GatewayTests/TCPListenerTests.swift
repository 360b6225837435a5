import Airlock
import AirlockProxyWasm
import Gateway
import Testing

@Suite struct `TCP listeners` {
    /// A filter of connections, with `body` in it.
    private static func filter(_ body: String) -> PluginSource {
        .wat(
            """
            (module
              (import "env" "proxy_get_buffer_bytes" (func $get (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_set_buffer_bytes" (func $set (param i32 i32 i32 i32 i32) (result i32)))
              (import "env" "proxy_close_stream" (func $close (param i32) (result i32)))
              (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
              (import "env" "proxy_set_tick_period_milliseconds" (func $ticks (param i32) (result i32)))
              (import "env" "proxy_set_effective_context" (func $act (param i32) (result i32)))
              (memory (export "memory") 1)
              (func (export "malloc") (param i32) (result i32) (i32.const 1024))
              (func (export "proxy_abi_version_0_2_1"))
              \(body))
            """)
    }

    /// Makes capital letters of what the client sends.
    private static let shouting = filter(
        """
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
          (local $at i32) (local $end i32)
          (drop (call $get (i32.const 2) (i32.const 0) (local.get 1) (i32.const 16) (i32.const 20)))
          (local.set $at (i32.load (i32.const 16)))
          (local.set $end (i32.add (local.get $at) (i32.load (i32.const 20))))
          (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
            (if (i32.ge_u (i32.load8_u (local.get $at)) (i32.const 97))
              (then (i32.store8 (local.get $at) (i32.sub (i32.load8_u (local.get $at)) (i32.const 32)))))
            (local.set $at (i32.add (local.get $at) (i32.const 1)))
            (br $next)))
          (drop (call $set (i32.const 2) (i32.const 0) (i32.const -1) (i32.load (i32.const 16)) (i32.load (i32.const 20))))
          (i32.const 0))
        """)

    /// Closes connections that begin with "!", and traps where they begin with "?".
    private static let guarding = filter(
        """
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
          (drop (call $get (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 16) (i32.const 20)))
          (if (i32.eq (i32.load8_u (i32.load (i32.const 16))) (i32.const 33)) (then (drop (call $close (i32.const 2)))))
          (if (i32.eq (i32.load8_u (i32.load (i32.const 16))) (i32.const 63)) (then (unreachable)))
          (i32.const 0))
        """)

    /// Lets go of what the client sends first at its next tick.
    private static let holding = filter(
        """
        (global $id (mut i32) (i32.const 0))
        (func (export "proxy_on_downstream_data") (param i32 i32 i32) (result i32)
          (if (global.get $id) (then (return (i32.const 0))))
          (global.set $id (local.get 0)) (drop (call $ticks (i32.const 1))) (i32.const 1))
        (func (export "proxy_on_tick") (param i32)
          (drop (call $ticks (i32.const 0)))
          (drop (call $act (global.get $id))) (drop (call $continue (i32.const 2))))
        """)

    private static func configuration(
        to upstream: ListenAddress, _ filters: KeyValuePairs<String, PluginSource> = [:],
        idle: Duration = .seconds(3600)
    ) -> GatewayConfiguration {
        GatewayConfiguration(
            listeners: [
                ListenerConfiguration(
                    address: ListenAddress(host: "127.0.0.1", port: 0),
                    tcp: TCPForwarding(filters: filters.map(\.key), upstream: "up", idle: idle))
            ],
            admin: AdminConfiguration(listen: ListenAddress(host: "127.0.0.1", port: 0)),
            upstreams: ["up": UpstreamConfiguration(url: "tcp://\(upstream)")],
            plugins: filters.map { PluginConfiguration(filter: FilterConfiguration(name: $0.key, source: $0.value)) },
            routes: [])
    }

    /// Sends each line back.
    private static func echo(_ connection: RawConnection) async throws {
        while true { try await connection.send(try await connection.text(upTo: "\n")) }
    }

    @Test func `bytes pass the filters on their way to an upstream and back`() async throws {
        try await RawConnection.listen(Self.echo) { upstream in
            let configuration = Self.configuration(to: upstream, ["shouting": Self.shouting])
            try await RunningGateway.with(configuration) { gateway in
                try await RawConnection.with(gateway.address) { client in
                    for word in ["one", "two"] {
                        try await client.send("\(word)\n")
                        #expect(try await client.text(upTo: "\n") == "\(word.uppercased())\n")
                    }
                }
            }
        }
    }

    @Test func `a filter refuses a connection by its first bytes, and the upstream sees none of them`() async throws {
        let seen = AsyncStream<String>.makeStream()
        try await RawConnection.listen { connection in
            seen.continuation.yield(try await connection.rest())
        } while: { upstream in
            let configuration = Self.configuration(to: upstream, ["guarding": Self.guarding])
            let metrics = try await RunningGateway.with(configuration) { gateway in
                for first in ["!", "?"] {
                    try await RawConnection.with(gateway.address) { client in
                        try await client.send("\(first) secret\n")
                        #expect(try await client.rest() == "")
                    }
                    #expect(await seen.stream.first { _ in true } == "")
                }
                return gateway.metrics
            }
            for reason in ["closed_by_filter", "filter_failed"] {
                #expect(metrics.text().contains("gateway_connections_total{upstream=\"up\",closed=\"\(reason)\"} 1"))
            }
        }
    }

    @Test func `what a filter held back goes on without more from the client`() async throws {
        try await RawConnection.listen(Self.echo) { upstream in
            let configuration = Self.configuration(to: upstream, ["holding": Self.holding])
            try await RunningGateway.with(configuration) { gateway in
                try await RawConnection.with(gateway.address) { client in
                    try await client.send("held\n")
                    #expect(try await client.text(upTo: "\n") == "held\n")
                }
            }
        }
    }

    @Test func `a client that has sent everything gets the whole answer`() async throws {
        let answer = String(repeating: "0123456789abcdef", count: 1 << 17)
        try await RawConnection.listen { connection in
            let question = try await connection.rest()
            try await connection.send(question + answer)
            connection.end()
            _ = try await connection.rest()
        } while: { upstream in
            let configuration = Self.configuration(to: upstream, ["shouting": Self.shouting])
            try await RunningGateway.with(configuration) { gateway in
                try await RawConnection.with(gateway.address) { client in
                    try await client.send("question")
                    client.end()
                    #expect(try await client.rest() == "QUESTION" + answer)
                }
            }
        }
    }

    @Test func `an upstream that has sent everything still gets what the client sends`() async throws {
        let received = AsyncStream<String>.makeStream()
        try await RawConnection.listen { connection in
            try await connection.send("greeting")
            connection.end()
            received.continuation.yield(try await connection.rest())
        } while: { upstream in
            try await RunningGateway.with(Self.configuration(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { client in
                    #expect(try await client.rest() == "greeting")
                    try await client.send("late")
                    client.end()
                    let text = await received.stream.first { _ in true }
                    #expect(text == "late")
                }
            }
        }
    }

    @Test func `a client of an upstream that is down is let go, and counted`() async throws {
        let down = try await RawConnection.listen({ _ in }, while: { $0 })
        let metrics = try await RunningGateway.with(Self.configuration(to: down)) { gateway in
            try await RawConnection.with(gateway.address) { client in
                let rest = try await client.rest()
                #expect(rest == "")
            }
            return gateway.metrics
        }
        #expect(metrics.text().contains("gateway_upstream_failures_total{upstream=\"up\"} 1"))
    }

    @Test func `a connection on which nothing happens is closed`() async throws {
        try await RawConnection.listen { connection in
            _ = try await connection.rest()
        } while: { upstream in
            try await RunningGateway.with(Self.configuration(to: upstream, idle: .milliseconds(50))) { gateway in
                try await RawConnection.with(gateway.address) { client in
                    let rest = try await client.rest()
                    #expect(rest == "")
                }
            }
        }
    }

    @Test func `connections go on while the gateway drains, and new ones are refused`() async throws {
        try await RawConnection.listen(Self.echo) { upstream in
            try await RunningGateway.with(Self.configuration(to: upstream)) { gateway in
                try await RawConnection.with(gateway.address) { client in
                    try await client.send("before\n")
                    #expect(try await client.text(upTo: "\n") == "before\n")
                    await gateway.drain()
                    while try await gateway.sendToAdmin("/readyz").status != 503 {}
                    try await client.send("after\n")
                    #expect(try await client.text(upTo: "\n") == "after\n")
                    await #expect(throws: (any Error).self) {
                        while true { try await RawConnection.with(gateway.address) { _ in } }
                    }
                }
            }
        }
    }

    @Test func `connections that go on after the drain's time are cut off`() async throws {
        try await RawConnection.listen(Self.echo) { upstream in
            var configuration = Self.configuration(to: upstream)
            configuration.drain = .milliseconds(50)
            try await RunningGateway.with(configuration) { gateway in
                try await RawConnection.with(gateway.address) { client in
                    try await client.send("before\n")
                    #expect(try await client.text(upTo: "\n") == "before\n")
                    await gateway.drain()
                    #expect(try await client.rest() == "")
                }
            }
        }
    }

    @Test func `an upstream of the other kind is an error with every reason`() async throws {
        var configuration = Self.configuration(to: ListenAddress(host: "127.0.0.1", port: 1))
        configuration.upstreams["web"] = UpstreamConfiguration(url: "http://127.0.0.1:1")
        configuration.listeners = [
            ListenerConfiguration(
                address: ListenAddress(host: "127.0.0.1", port: 0), tcp: TCPForwarding(upstream: "web")),
            ListenerConfiguration(
                address: ListenAddress(host: "127.0.0.1", port: 0),
                tcp: TCPForwarding(filters: ["nobody"], upstream: "up")),
        ]
        let error = await #expect(throws: GatewayError.self) {
            _ = try await Gateway(configuration, logger: RunningGateway.logger)
        }
        #expect(
            error?.reasons == [
                "listener 127.0.0.1:0: no upstream \"web\" with a tcp URL",
                "listener 127.0.0.1:0: no plugin \"nobody\"",
            ])
    }
}
