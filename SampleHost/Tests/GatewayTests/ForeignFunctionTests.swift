import Airlock
import AirlockProxyWasm
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@Suite struct `Foreign functions` {
    /// Imports, memory and allocator of a filter; `$foreign` takes a name, arguments, and where to put the result.
    private static let prelude = """
        (import "env" "proxy_call_foreign_function" (func $foreign (param i32 i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
        (import "env" "proxy_replace_header_map_value" (func $set (param i32 i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 4)
        (global $heap (mut i32) (i32.const 8192))
        (func (export "malloc") (param i32) (result i32)
          (global.set $heap (i32.add (global.get $heap) (local.get 0)))
          (i32.sub (global.get $heap) (local.get 0)))
        (func (export "proxy_abi_version_0_2_1"))
        """

    /// Goes to the path in the header `x-path`; with a header `x-clear`, by another route.
    private static let rerouting = """
        (module
        \(prelude)
        (data (i32.const 100) "x-path")
        (data (i32.const 110) "x-clear")
        (data (i32.const 120) "clear_route_cache")
        (data (i32.const 140) ":path")
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (if (i32.eqz (call $get (i32.const 0) (i32.const 100) (i32.const 6) (i32.const 20) (i32.const 24)))
            (then
              (drop (call $set (i32.const 0) (i32.const 140) (i32.const 5) (i32.load (i32.const 20)) (i32.load (i32.const 24))))))
          (if (i32.eqz (call $get (i32.const 0) (i32.const 110) (i32.const 7) (i32.const 20) (i32.const 24)))
            (then
              (drop (call $foreign (i32.const 120) (i32.const 17) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))))
          (i32.const 0)))
        """

    @Test func `a filter that clears the route cache sends the request where its new path leads`() async throws {
        let plugin = PluginConfiguration(filter: FilterConfiguration(name: "rerouting", source: .wat(Self.rerouting)))
        try await TestUpstream.with(TestUpstream.echo) { first in
            try await TestUpstream.with { _ in
                Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(string: "second")))
            } _: {
                second in
                var configuration = try GatewayConfiguration.forwarding(to: first, plugins: [plugin])
                configuration.upstreams["second"] = UpstreamConfiguration(url: "http://\(second)")
                configuration.routes = [
                    try Self.route("/old", .forward(filters: ["rerouting"], upstream: "up")),
                    try Self.route("/new", .forward(filters: [], upstream: "second")),
                    try Self.route("/fixed", .respond(status: 203, body: "fixed")),
                ]
                try await RunningGateway.with(configuration) { gateway in
                    let kept = try await gateway.send("GET", "/old", headers: [("x-path", "/new/1")])
                    #expect(kept.body.hasPrefix("GET /new/1\n"))
                    let cleared = [("x-clear", "1")]
                    let same = try await gateway.send("GET", "/old/2", headers: cleared)
                    #expect(same.body.hasPrefix("GET /old/2\n"))
                    let moved = try await gateway.send(
                        "POST", "/old", headers: [("x-path", "/new")] + cleared, body: "b")
                    #expect(moved.body == "second")
                    let fixed = try await gateway.send("GET", "/old", headers: [("x-path", "/fixed")] + cleared)
                    #expect(fixed.status == 203)
                    #expect(fixed.body == "fixed")
                    let lost = try await gateway.send("GET", "/old", headers: [("x-path", "/nowhere")] + cleared)
                    #expect(lost.status == 404)
                }
            }
        }
    }

    private static func route(_ prefix: String, _ action: RouteConfiguration.Action) throws -> RouteConfiguration {
        RouteConfiguration(prefix: try #require(PathPrefix(prefix)), action: action)
    }

    /// Compresses the header `x-text`, uncompresses that, and puts it into `x-back`. Then it uncompresses what stands in the memory: a zlib
    /// stream of "abc" into `x-fixed`; the statuses of a broken one, of a gzip stream and of nothing are the digits of `x-status`.
    private static let compressing = """
        (module
        \(prelude)
        (data (i32.const 100) "x-text")
        (data (i32.const 110) "x-back")
        (data (i32.const 120) "x-fixed")
        (data (i32.const 130) "x-status")
        (data (i32.const 140) "compress")
        (data (i32.const 150) "uncompress")
        (data (i32.const 200) "\\78\\9c\\4b\\4c\\4a\\06\\00\\02\\4d\\01\\27")
        (data (i32.const 220) "\\78\\9c\\4b\\4c\\4a\\06\\00\\02\\4d\\01\\28")
        (data (i32.const 240) "\\1f\\8b\\08\\00\\00\\00\\00\\00\\02\\ff\\4b\\4c\\4a\\06\\00\\c2\\41\\24\\35\\03\\00\\00\\00")
        (func $uncompress (param $p i32) (param $n i32) (result i32)
          (call $foreign (i32.const 150) (i32.const 10) (local.get $p) (local.get $n) (i32.const 20) (i32.const 24)))
        (func $put (param $name i32) (param $count i32)
          (drop (call $set (i32.const 0) (local.get $name) (local.get $count) (i32.load (i32.const 20)) (i32.load (i32.const 24)))))
        (func $digit (param $place i32) (param $status i32)
          (i32.store8 (local.get $place) (i32.add (i32.const 48) (local.get $status))))
        (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
          (drop (call $get (i32.const 0) (i32.const 100) (i32.const 6) (i32.const 20) (i32.const 24)))
          (call $digit (i32.const 40)
            (call $foreign (i32.const 140) (i32.const 8) (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 20) (i32.const 24)))
          (call $digit (i32.const 41) (call $uncompress (i32.load (i32.const 20)) (i32.load (i32.const 24))))
          (call $put (i32.const 110) (i32.const 6))
          (call $digit (i32.const 42) (call $uncompress (i32.const 200) (i32.const 11)))
          (call $put (i32.const 120) (i32.const 7))
          (call $digit (i32.const 43) (call $uncompress (i32.const 220) (i32.const 11)))
          (call $digit (i32.const 44) (call $uncompress (i32.const 200) (i32.const 6)))
          (call $digit (i32.const 45) (call $uncompress (i32.const 240) (i32.const 23)))
          (call $digit (i32.const 46) (call $uncompress (i32.const 200) (i32.const 0)))
          (drop (call $set (i32.const 0) (i32.const 130) (i32.const 8) (i32.const 40) (i32.const 7)))
          (i32.const 0)))
        """

    @Test func `filters compress and uncompress in the zlib format`() async throws {
        let plugin = PluginConfiguration(
            filter: FilterConfiguration(name: "compressing", source: .wat(Self.compressing)))
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [plugin])) { gateway in
                for text in ["text", String(repeating: "long text,", count: 300)] {
                    let body = try await gateway.send("GET", "/", headers: [("x-text", text)]).body
                    #expect(body.contains("x-back: \(text)\n"))
                    #expect(body.contains("x-fixed: abc\n"))
                    #expect(body.contains("x-status: 0003333\n"))
                }
            }
        }
    }
}
