import Airlock
import AirlockProxyWasm
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@Suite struct CallOuts {
    /// Asks the upstream `auth` about each request, and hands on who it says the user is; 403 where it says no other status than 200.
    private static let asking = """
        (module
          (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_replace_header_map_value" (func $set (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_set_effective_context" (func $as (param i32) (result i32)))
          (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 100) "auth")
          (data (i32.const 200) "\\03\\00\\00\\00\\07\\00\\00\\00\\03\\00\\00\\00\\05\\00\\00\\00\\06\\00\\00\\00\\0a\\00\\00\\00\\04\\00\\00\\00:method\\00GET\\00:path\\00/check\\00:authority\\00auth\\00")
          (data (i32.const 300) ":status")
          (data (i32.const 320) "x-user")
          (global $heap (mut i32) (i32.const 8192))
          ;; Never frees; the streams that calls are for are from address 1024 on.
          (func (export "malloc") (param i32) (result i32)
            (global.set $heap (i32.add (global.get $heap) (local.get 0)))
            (i32.sub (global.get $heap) (local.get 0)))
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "proxy_on_request_headers") (param $stream i32) (param i32 i32) (result i32)
            (if (call $call (i32.const 100) (i32.const 4) (i32.const 200) (i32.const 69) (i32.const 0) (i32.const 0)
                  (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 16))
              (then
                (drop (call $reply (i32.const 500) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                  (i32.const 0) (i32.const -1)))))
            (i32.store (i32.add (i32.const 1024) (i32.shl (i32.load (i32.const 16)) (i32.const 2))) (local.get $stream))
            (i32.const 1))
          (func (export "proxy_on_http_call_response") (param $root i32) (param $id i32) (param i32 i32 i32)
            (drop (call $as (i32.load (i32.add (i32.const 1024) (i32.shl (local.get $id) (i32.const 2))))))
            (if (i32.eqz (call $get (i32.const 6) (i32.const 320) (i32.const 6) (i32.const 20) (i32.const 24)))
              (then
                (drop (call $set (i32.const 0) (i32.const 320) (i32.const 6) (i32.load (i32.const 20)) (i32.load (i32.const 24))))
                (drop (call $continue (i32.const 0))))
              (else
                (drop (call $reply (i32.const 403) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
                  (i32.const 0) (i32.const -1)))))))
        """

    private func withGateway(
        upstreams granted: Set<String>? = nil, answering: @escaping TestUpstream.Answer,
        _ body: @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        let plugin = PluginConfiguration(
            filter: FilterConfiguration(name: "asking", source: .wat(Self.asking), upstreams: granted))
        try await TestUpstream.with(answering) { auth in
            try await TestUpstream.with(TestUpstream.echo) { upstream in
                var configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [plugin])
                configuration.upstreams["auth"] = UpstreamConfiguration(url: "http://\(auth)")
                try await RunningGateway.with(configuration, body)
            }
        }
    }

    @Test func `a filter asks another upstream before a request goes on, for many requests at once`() async throws {
        let user = try #require(HTTPField.Name("x-user"))
        try await withGateway { request in
            Response(status: request.uri.path == "/check" ? .ok : .notFound, headers: [user: "ann"])
        } _: { gateway in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 1...50 {
                    group.addTask {
                        let answer = try await gateway.send("POST", "/\(number)", body: "body \(number)")
                        return answer.status == 200 && answer.body.hasPrefix("POST /\(number)\n")
                            && answer.body.contains("x-user: ann\n") && answer.body.hasSuffix("body \(number)")
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
    }

    @Test func `a request is refused where the other upstream says no, or was not granted`() async throws {
        try await withGateway { _ in
            Response(status: .forbidden)
        } _: { gateway in
            let answer = try await gateway.send("GET", "/")
            #expect(answer.status == 403)
        }
        try await withGateway(upstreams: ["up"]) { _ in
            Response(status: .ok)
        } _: { gateway in
            let answer = try await gateway.send("GET", "/")
            #expect(answer.status == 500)
        }
    }

    @Test func `calls of filters that are not answered leave an upstream its connections for requests`() async throws {
        let (asked, isAsked) = AsyncStream<Void>.makeStream()
        let (answered, isAnswered) = AsyncStream<Void>.makeStream()
        let answer: TestUpstream.Answer = { request in
            if request.uri.path == "/check" {
                isAsked.finish()
                for await _ in answered {}
                return Response(status: .forbidden)
            }
            return Response(status: .ok)
        }
        let plugin = PluginConfiguration(filter: FilterConfiguration(name: "asking", source: .wat(Self.asking)))
        try await TestUpstream.with(answer) { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [plugin])
            configuration.upstreams["auth"] = UpstreamConfiguration(url: "http://\(upstream)", connections: 1)
            configuration.routes = [
                RouteConfiguration(
                    prefix: try #require(PathPrefix("/plain")), action: .forward(filters: [], upstream: "auth")),
                RouteConfiguration(
                    prefix: try #require(PathPrefix("/")), action: .forward(filters: ["asking"], upstream: "auth")),
            ]
            try await RunningGateway.with(configuration) { gateway in
                async let held = gateway.send("GET", "/")
                for await _ in asked {}
                let plain = try await gateway.send("GET", "/plain")
                #expect(plain.status == 200)
                isAnswered.finish()
                let refused = try await held
                #expect(refused.status == 403)
            }
        }
    }

    /// Asks the upstream `up` as often as it may when it starts, and counts the calls that fail.
    private static let flooding = """
        (module
          (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
          (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_increment_metric" (func $add (param i32 i64) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 100) "up")
          (data (i32.const 104) "failed")
          (data (i32.const 112) "answered")
          (data (i32.const 200) "\\03\\00\\00\\00\\07\\00\\00\\00\\03\\00\\00\\00\\05\\00\\00\\00\\05\\00\\00\\00\\0a\\00\\00\\00\\02\\00\\00\\00:method\\00GET\\00:path\\00/call\\00:authority\\00up\\00")
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $define (i32.const 0) (i32.const 104) (i32.const 6) (i32.const 16)))
            (drop (call $define (i32.const 0) (i32.const 112) (i32.const 8) (i32.const 20)))
            (drop (call $every (i32.const 1)))
            (i32.const 1))
          (func (export "proxy_on_tick") (param i32)
            (drop (call $every (i32.const 0)))
            (loop $again
              (br_if $again
                (i32.eqz
                  (call $call (i32.const 100) (i32.const 2) (i32.const 200) (i32.const 66) (i32.const 0) (i32.const 0)
                    (i32.const 0) (i32.const 0) (i32.const 50000) (i32.const 24))))))
          (func (export "proxy_on_http_call_response") (param $root i32) (param $id i32) (param $headers i32) (param i32 i32)
            (drop
              (call $add (i32.load (select (i32.const 20) (i32.const 16) (local.get $headers))) (i64.const 1)))))
        """

    /// Asks for the metrics until a filter's counter has a value.
    private func wait(until name: String, is value: Int, of gateway: RunningGateway) async throws {
        while true {
            let lines = try await gateway.sendToAdmin("/metrics").body.split(separator: "\n")
            if lines.contains(where: { $0.hasPrefix("proxy_wasm_\(name)_total") && $0.hasSuffix(" \(value)") }) {
                return
            }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `more calls than may wait for an upstream fail at once, and all others are answered`() async throws {
        let (released, isReleased) = AsyncStream<Void>.makeStream()
        let answer: TestUpstream.Answer = { _ in
            for await _ in released {}
            return Response(status: .ok)
        }
        let service = PluginConfiguration(filter: FilterConfiguration(name: "flooding", source: .wat(Self.flooding)))
        try await TestUpstream.with(answer) { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream)
            configuration.upstreams["up"] = UpstreamConfiguration(url: "http://\(upstream)", connections: 2)
            configuration.services = [ServiceConfiguration(service)]
            configuration.workers = 2
            try await RunningGateway.with(configuration) { gateway in
                // Each of two workers has 1,024 calls: one is sent, 1,024 wait.
                try await wait(until: "failed", is: 1023, of: gateway)
                isReleased.finish()
                try await wait(until: "answered", is: 1025, of: gateway)
            }
        }
    }
}
