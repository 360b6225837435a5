import Airlock
import AirlockProxyWasm
import Gateway
import Testing

@Suite(.timeLimit(.minutes(1))) struct GRPCCallOuts {
    /// What the guests have in common; the streams that calls are for are from address 1024 on.
    private static let prelude = """
        (import "env" "proxy_grpc_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_grpc_stream" (func $open (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_grpc_send" (func $send (param i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_grpc_cancel" (func $cancel (param i32) (result i32)))
        (import "env" "proxy_get_status" (func $status (param i32 i32 i32) (result i32)))
        (import "env" "proxy_get_buffer_bytes" (func $bytes (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_set_effective_context" (func $as (param i32) (result i32)))
        (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
        (memory (export "memory") 4)
        (data (i32.const 100) "auth")
        (data (i32.const 110) "test.Auth")
        (data (i32.const 120) "Check")
        (data (i32.const 130) "Talk")
        (data (i32.const 140) "x-ask")
        (data (i32.const 150) "x-got")
        (data (i32.const 160) "\\01\\00\\00\\00\\08\\00\\00\\00\\02\\00\\00\\00x-caller\\00me\\00")
        (data (i32.const 200) "x-i")
        (data (i32.const 210) "x-t")
        (data (i32.const 220) "a")
        (data (i32.const 230) "b")
        (global $heap (mut i32) (i32.const 8192))
        (func (export "malloc") (param i32) (result i32)
          (global.set $heap (i32.add (global.get $heap) (local.get 0)))
          (i32.sub (global.get $heap) (local.get 0)))
        (func (export "proxy_abi_version_0_2_1"))
        ;; The numbers of calls are four apart.
        (func $note (param $stream i32)
          (i32.store (i32.add (i32.const 1024) (i32.and (i32.load (i32.const 16)) (i32.const -4))) (local.get $stream)))
        (func $enter (param $call i32)
          (drop (call $as (i32.load (i32.add (i32.const 1024) (i32.and (local.get $call) (i32.const -4)))))))
        (func $got (drop (call $add (i32.const 0) (i32.const 150) (i32.const 5) (i32.load (i32.const 20)) (i32.load (i32.const 24)))))
        (func $answer (param $status i32)
          (drop (call $reply (local.get $status) (i32.const 0) (i32.const 0) (i32.load (i32.const 20)) (i32.load (i32.const 24))
            (i32.const 0) (i32.const 0) (i32.const -1))))
        """

    /// Asks the upstream `auth` about each request, and hands on who it says the user is; 403 with its words where it says no.
    private static let asking = """
        (module
          \(prelude)
          (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
            (drop (call $get (i32.const 0) (i32.const 140) (i32.const 5) (i32.const 20) (i32.const 24)))
            (if (call $call (i32.const 100) (i32.const 4) (i32.const 110) (i32.const 9) (i32.const 120) (i32.const 5)
                  (i32.const 160) (i32.const 24) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 30000) (i32.const 16))
              (then (call $answer (i32.const 500))))
            (call $note (local.get $stream))
            (i32.const 1))
          (func (export "proxy_on_grpc_receive") (param $root i32) (param $call i32) (param $size i32)
            (call $enter (local.get $call))
            (drop (call $bytes (i32.const 5) (i32.const 0) (local.get $size) (i32.const 20) (i32.const 24)))
            (call $got)
            (drop (call $continue (i32.const 0))))
          (func (export "proxy_on_grpc_close") (param $root i32) (param $call i32) (param $code i32)
            (call $enter (local.get $call))
            (drop (call $status (i32.const 28) (i32.const 20) (i32.const 24)))
            (call $answer (select (i32.const 403) (i32.const 503) (i32.eq (local.get $code) (i32.const 7))))))
        """

    /// Talks with `auth` about each request, and adds all that it hears to it. A request with `x-ask` is let go at the first word.
    private static let talking = """
        (module
          \(prelude)
          (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
            (if (call $open (i32.const 100) (i32.const 4) (i32.const 110) (i32.const 9) (i32.const 130) (i32.const 4)
                  (i32.const 0) (i32.const 0) (i32.const 16))
              (then (call $answer (i32.const 500))))
            (call $note (local.get $stream))
            (drop (call $send (i32.load (i32.const 16)) (i32.const 220) (i32.const 1) (i32.const 0)))
            (i32.const 1))
          (func $field (param $map i32) (param $name i32)
            (if (i32.eqz (call $get (local.get $map) (local.get $name) (i32.const 3) (i32.const 20) (i32.const 24)))
              (then (call $got))))
          (func (export "proxy_on_grpc_receive_initial_metadata") (param $root i32) (param $call i32) (param i32)
            (call $enter (local.get $call))
            (call $field (i32.const 4) (i32.const 200)))
          (func (export "proxy_on_grpc_receive") (param $root i32) (param $call i32) (param $size i32)
            (call $enter (local.get $call))
            (drop (call $bytes (i32.const 5) (i32.const 0) (local.get $size) (i32.const 20) (i32.const 24)))
            (call $got)
            (if (i32.eqz (call $get (i32.const 0) (i32.const 140) (i32.const 5) (i32.const 20) (i32.const 24)))
              (then
                (drop (call $cancel (local.get $call)))
                (drop (call $continue (i32.const 0))))
              ;; It hears itself, and says its last word.
              (else (if (i32.eq (i32.load8_u (i32.load (i32.const 20))) (i32.const 97))
                (then (drop (call $send (local.get $call) (i32.const 230) (i32.const 1) (i32.const 1))))))))
          (func (export "proxy_on_grpc_receive_trailing_metadata") (param $root i32) (param $call i32) (param i32)
            (call $enter (local.get $call))
            (call $field (i32.const 5) (i32.const 210)))
          (func (export "proxy_on_grpc_close") (param $root i32) (param $call i32) (param $code i32)
            (call $enter (local.get $call))
            (if (local.get $code) (then (call $answer (i32.const 500))) (else (drop (call $continue (i32.const 0)))))))
        """

    private func withGateway(
        _ guest: String, auth: ListenAddress, _ body: @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        let plugin = PluginConfiguration(
            filter: FilterConfiguration(name: "calling", source: .wat(guest), upstreams: ["auth"]))
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [plugin])
            configuration.upstreams["auth"] = UpstreamConfiguration(url: "http://\(auth)")
            try await RunningGateway.with(configuration, body)
        }
    }

    @Test func `a filter asks a gRPC service before a request goes on, and refuses it where that does`() async throws {
        try await TestGRPCUpstream.with { _, auth in
            try await withGateway(Self.asking, auth: auth) { gateway in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in 1...20 {
                        group.addTask {
                            let answer = try await gateway.send("GET", "/", headers: [("x-ask", "friend \(number)")])
                            return answer.status == 200 && answer.body.contains("x-got: ann, friend \(number) of me\n")
                        }
                        group.addTask {
                            let answer = try await gateway.send("GET", "/", headers: [("x-ask", "no")])
                            return answer.status == 403 && answer.body == "not you"
                        }
                    }
                    for try await isRight in group { #expect(isRight) }
                }
            }
        }
    }

    @Test func `a filter and a gRPC service talk until both have said their last word`() async throws {
        try await TestGRPCUpstream.with { service, auth in
            let named = ListenAddress(host: "localhost", port: auth.port)
            try await withGateway(Self.talking, auth: named) { gateway in
                let answer = try await gateway.send("GET", "/")
                #expect(answer.status == 200)
                let got = answer.body.split(separator: "\n").filter { $0.hasPrefix("x-got: ") }.map { $0.dropFirst(7) }
                #expect(got.sorted() == ["a!", "b!", "bye", "hello", "over"])
                var endings = service.endings.stream.makeAsyncIterator()
                #expect(await endings.next() == "complete")
            }
        }
    }

    @Test func `a service sees that a filter gave the call up`() async throws {
        try await TestGRPCUpstream.with { service, auth in
            try await withGateway(Self.talking, auth: auth) { gateway in
                let answer = try await gateway.send("GET", "/", headers: [("x-ask", "go")])
                #expect(answer.status == 200)
                #expect(answer.body.contains("x-got: a!\n"))
                var endings = service.endings.stream.makeAsyncIterator()
                #expect(await endings.next() == "cut")
            }
        }
    }

    @Test func `a filter is told that nobody listens there`() async throws {
        // The server has gone when the gateway asks.
        let gone = try await TestGRPCUpstream.with { _, auth in auth }
        try await withGateway(Self.asking, auth: gone) { gateway in
            let answer = try await gateway.send("GET", "/", headers: [("x-ask", "friend")])
            #expect(answer.status == 503)
        }
    }
}
