import Airlock
import AirlockProxyWasm
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@Suite struct `Filters that answer while the upstream is waited for` {
    /// Answers each request from the tick after it went on, while the upstream is silent.
    private static let impatient = """
        (module
          (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
          (import "env" "proxy_set_effective_context" (func $as (param i32) (result i32)))
          (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 100) "too slow")
          (data (i32.const 120) "x-seen")
          (data (i32.const 130) "yes")
          (global $waiting (mut i32) (i32.const 0))
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "proxy_on_configure") (param i32 i32) (result i32) (drop (call $every (i32.const 5))) (i32.const 1))
          (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (global.set $waiting (local.get 0)) (i32.const 0))
          (func (export "proxy_on_tick") (param i32)
            (if (global.get $waiting)
              (then
                (drop (call $as (global.get $waiting)))
                (global.set $waiting (i32.const 0))
                (drop (call $reply (i32.const 504) (i32.const 0) (i32.const 0) (i32.const 100) (i32.const 8)
                  (i32.const 0) (i32.const 0) (i32.const -1))))))
          (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (drop (call $add (i32.const 2) (i32.const 120) (i32.const 6) (i32.const 130) (i32.const 3)))
            (i32.const 0)))
        """

    @Test(.timeLimit(.minutes(1)), arguments: ["GET", "POST"])
    func `are heard at once, and the upstream's answer is not waited for`(method: String) async throws {
        let (released, isReleased) = AsyncStream<Void>.makeStream()
        let answer: TestUpstream.Answer = { request in
            for await _ in released {}
            return Response(status: .ok)
        }
        let plugin = PluginConfiguration(filter: FilterConfiguration(name: "impatient", source: .wat(Self.impatient)))
        try await TestUpstream.with(answer) { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [plugin])
            configuration.workers = 1
            try await RunningGateway.with(configuration) { gateway in
                for _ in 1...3 {
                    let response = try await gateway.send(method, "/", body: method == "POST" ? "body" : nil)
                    #expect(response.status == 504)
                    #expect(response.body == "too slow")
                    #expect(response.headers["x-seen"] == "yes")
                }
                isReleased.finish()
            }
        }
    }
}
