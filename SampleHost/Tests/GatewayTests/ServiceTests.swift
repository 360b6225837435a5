import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Hummingbird
import NIOCore
import Testing
import Wasmtime

@Suite struct `Services, which no request passes` {
    /// Asks the upstream `up` for `/beat` at each tick, every millisecond.
    private static let beating = """
        (module
          (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_set_tick_period_milliseconds" (func $every (param i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 100) "up")
          (data (i32.const 200) "\\03\\00\\00\\00\\07\\00\\00\\00\\03\\00\\00\\00\\05\\00\\00\\00\\05\\00\\00\\00\\0a\\00\\00\\00\\02\\00\\00\\00:method\\00GET\\00:path\\00/beat\\00:authority\\00up\\00")
          (func (export "malloc") (param i32) (result i32) (i32.const 1024))
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "proxy_on_configure") (param i32 i32) (result i32)
            (drop (call $every (i32.const 1)))
            (i32.const 1))
          (func (export "proxy_on_tick") (param i32)
            (drop (call $call (i32.const 100) (i32.const 2) (i32.const 200) (i32.const 66) (i32.const 0) (i32.const 0)
              (i32.const 0) (i32.const 0) (i32.const 5000) (i32.const 16)))))
        """

    private func withGateway(
        services: String, answer: @escaping TestUpstream.Answer = TestUpstream.echo,
        _ body: @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write(Data(try Module.binary(ofWAT: Self.beating)), to: "beating.wasm")
        try await TestUpstream.with(answer) { upstream in
            let yaml = """
                listen: 127.0.0.1:0
                admin: 127.0.0.1:0
                workers: 2
                upstreams: { up: { url: "http://\(upstream)" } }
                services:
                \(services)
                routes: [{ match: { prefix: / }, respond: { status: 200 } }]
                """
            let configuration = try GatewayConfiguration(yaml: yaml, file: "gateway.yaml", folder: folder.path)
            try await RunningGateway.with(configuration, body)
        }
    }

    @Test func `tick and call upstreams without any request`() async throws {
        let beats = AsyncStream<String>.makeStream()
        try await withGateway(services: "  - { name: beating, path: beating.wasm }") { request in
            beats.continuation.yield(request.uri.path)
            return Response(status: .ok)
        } _: { _ in
            var seen = 0
            for await path in beats.stream {
                #expect(path == "/beat")
                seen += 1
                if seen == 3 { break }
            }
        }
    }

    /// An entry of `/plugins`.
    private struct Plugin: Decodable {
        let name: String
        let status: String
        let workers: Int
        let version: Int
    }

    private func plugins(of gateway: RunningGateway) async throws -> [Plugin] {
        let json = try await gateway.sendToAdmin("/plugins").body
        return try JSONDecoder().decode([Plugin].self, from: Data(json.utf8))
    }

    @Test func `run on each worker loop, or on one, and operators see and reload them`() async throws {
        let services = """
              - { name: each, path: beating.wasm }
              - { name: one, path: beating.wasm, singleton: true }
            """
        try await withGateway(services: services) { gateway in
            let before = try await plugins(of: gateway)
            #expect(before.map(\.name) == ["each", "one"])
            #expect(before.map(\.status) == ["ready", "ready"])
            #expect(before.map(\.workers) == [2, 1])
            for name in ["each", "one"] {
                let reloaded = try await gateway.sendToAdmin("/plugins/\(name)/reload", method: "POST")
                #expect(reloaded.status == 200, "\(reloaded.body)")
            }
            let after = try await plugins(of: gateway)
            #expect(after.map(\.version) == [2, 2])
            #expect(after.map(\.workers) == [2, 1])
        }
    }

    @Test(arguments: [
        ("- { name: a, path: x.wasm, singleton: 1 }", "services[0].singleton", "expected true or false, found \"1\""),
        ("- { name: p, path: x.wasm }", "services[0].name", "found \"p\" a second time"),
        ("- { path: x.wasm }", "services[0].name", "missing"),
        ("- { name: a, path: x.wasm, singelton: true }", "services[0].singelton", "did you mean singleton?"),
        ("- { name: s, path: x.wasm }", "routes[0].filters[0]", "expected the name of a defined plugin, found \"s\""),
    ])
    func `a mistake in them is reported with its key`(service: String, key: String, message: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "x.wasm")
        let error = try #require(throws: ConfigurationError.self) {
            try GatewayConfiguration(
                yaml: """
                    listen: 127.0.0.1:0
                    upstreams: { up: { url: "http://h" } }
                    plugins: [{ name: p, path: x.wasm }]
                    services:
                      \(service)
                    routes: [{ match: { prefix: / }, filters: [s], upstream: up }]
                    """,
                file: "gateway.yaml", folder: folder.path)
        }
        #expect(error.mistakes.contains { $0.key == key && $0.message.contains(message) }, "\(error)")
    }

    @Test func `are none that a route can name, also in code`() async throws {
        let service = PluginConfiguration(filter: FilterConfiguration(name: "s", source: .wat(Self.beating)))
        let everything = try #require(PathPrefix("/"))
        let configuration = GatewayConfiguration(
            listeners: [ListenerConfiguration(address: ListenAddress(host: "127.0.0.1", port: 0))],
            services: [ServiceConfiguration(service)],
            routes: [
                RouteConfiguration(
                    prefix: everything, action: .filteredRespond(filters: ["s"], status: 200, body: ""))
            ])
        await #expect(throws: GatewayError.self) {
            try await Gateway(configuration, logger: RunningGateway.logger)
        }
    }
}
