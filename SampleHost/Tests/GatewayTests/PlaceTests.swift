import Airlock
import AirlockProxyWasm
import AsyncHTTPClient
import Gateway
import Logging
import NIOCore
import ServiceLifecycle
import Testing

@Suite struct `What filters are told of the gateway, its listeners and its routes` {
    /// Answers with the property that the request asks for by `x-property`, with `/` between its parts, and with 404 where there is none.
    /// Marks responses that pass it.
    private static let telling = """
        (module
          (import "env" "proxy_get_header_map_value" (func $get (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_add_header_map_value" (func $add (param i32 i32 i32 i32 i32) (result i32)))
          (import "env" "proxy_send_local_response" (func $reply (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (memory (export "memory") 1)
          (data (i32.const 100) "x-property")
          (data (i32.const 120) "x-passed")
          (global $heap (mut i32) (i32.const 1024))
          (func (export "malloc") (param i32) (result i32)
            (global.set $heap (i32.add (global.get $heap) (local.get 0)))
            (i32.sub (global.get $heap) (local.get 0)))
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
            (local $byte i32) (local $end i32) (local $status i32)
            (if (call $get (i32.const 0) (i32.const 100) (i32.const 10) (i32.const 20) (i32.const 24))
              (then (return (i32.const 0))))
            (local.set $byte (i32.load (i32.const 20)))
            (local.set $end (i32.add (local.get $byte) (i32.load (i32.const 24))))
            (loop $next
              (if (i32.eq (i32.load8_u (local.get $byte)) (i32.const 47)) (then (i32.store8 (local.get $byte) (i32.const 0))))
              (local.set $byte (i32.add (local.get $byte) (i32.const 1)))
              (br_if $next (i32.lt_u (local.get $byte) (local.get $end))))
            (local.set $status (i32.const 200))
            (if (call $property (i32.load (i32.const 20)) (i32.load (i32.const 24)) (i32.const 20) (i32.const 24))
              (then (local.set $status (i32.const 404)) (i32.store (i32.const 24) (i32.const 0))))
            (drop (call $reply (local.get $status) (i32.const 0) (i32.const 0) (i32.load (i32.const 20)) (i32.load (i32.const 24))
              (i32.const 0) (i32.const 0) (i32.const -1)))
            (i32.const 1))
          (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
            (drop (call $add (i32.const 2) (i32.const 120) (i32.const 8) (i32.const 120) (i32.const 8)))
            (i32.const 0)))
        """

    private static let yaml = """
        listeners:
          - address: 127.0.0.1:0
            direction: inbound
            metadata: { ns: { side: "front" } }
            dynamicMetadata: { my.filter: { level: "3", deep: { er: yes } } }
          - address: 127.0.0.1:0
            routes:
              - match: { path: / }
                respond: { status: 203, body: second }
        node: { id: gateway-1, cluster: shop, metadata: { ROLE: edge } }
        plugins: [{ name: telling, path: telling.wasm }]
        routes:
          - match: { prefix: /named }
            name: the-name
            virtualHost: the-host
            metadata: { my.filter: { tier: gold } }
            filters: [telling]
            respond: { status: 201, body: made }
          - match: { prefix: / }
            filters: [telling]
            respond: { status: 200 }
        """

    private func configuration(_ yaml: String = yaml) throws -> GatewayConfiguration {
        let folder = try TemporaryFolder()
        try folder.write("", to: "telling.wasm")
        var configuration = try GatewayConfiguration(yaml: yaml, file: "gateway.yaml", folder: folder.path)
        configuration.plugins[0].filter.source = .wat(Self.telling)
        return configuration
    }

    @Test func `each can be read as a property`() async throws {
        let configuration = try configuration()
        try await RunningGateway.with(configuration) { gateway in
            for (path, property, expected) in [
                ("/", "node/id", "gateway-1"), ("/", "xds/node/cluster", "shop"), ("/", "node/metadata/ROLE", "edge"),
                ("/named", "xds/route_name", "the-name"), ("/named", "route_name", "the-name"),
                ("/x", "route_name", "/"),
                ("/named", "xds/virtual_host_name", "the-host"), ("/", "xds/virtual_host_name", nil),
                ("/named", "xds/route_metadata/filter_metadata/my.filter/tier", "gold"),
                ("/", "xds/route_metadata/filter_metadata/my.filter/tier", nil),
                ("/", "metadata/filter_metadata/my.filter/level", "3"),
                ("/", "metadata/filter_metadata/my.filter/deep/er", "yes"),
                ("/", "xds/listener_metadata/filter_metadata/ns/side", "front"),
                ("/", "xds/listener_direction", "\u{1}\0\0\0\0\0\0\0"), ("/", "cluster_name", nil),
            ] as [(String, String, String?)] {
                let answer = try await gateway.send("GET", path, headers: [("x-property", property)])
                #expect(answer.status == (expected == nil ? 404 : 200), "\(property)")
                #expect(answer.body == expected ?? "", "\(property)")
            }
        }
    }

    @Test func `a route that answers by itself can have filters, which see the request and the answer`() async throws {
        let configuration = try configuration()
        try await RunningGateway.with(configuration) { gateway in
            let made = try await gateway.send("POST", "/named", body: "ignored")
            #expect(made.status == 201)
            #expect(made.headers["x-passed"] == "x-passed")
            #expect(made.body == "made")
            let empty = try await gateway.send("GET", "/")
            #expect(empty.status == 200)
            #expect(empty.headers["x-passed"] == "x-passed")
            #expect(empty.body == "")
        }
    }

    @Test func `listeners have their own routes, or those of the gateway`() async throws {
        let configuration = try configuration()
        #expect(configuration.listeners.count == 2)
        let gateway = try await Gateway(configuration, logger: RunningGateway.logger)
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: RunningGateway.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let addresses = await gateway.addresses.compactMap(\.self)
            try #require(addresses.count == 2)
            let first = try await RunningGateway.send("GET", "http://\(addresses[0])/named")
            #expect(first.body == "made")
            let second = try await RunningGateway.send("GET", "http://\(addresses[1])/")
            #expect(second.status == 203)
            #expect(second.body == "second")
            #expect(second.headers["x-passed"] == nil)
            let missing = try await RunningGateway.send("GET", "http://\(addresses[1])/named")
            #expect(missing.status == 404)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test(arguments: [
        ("listeners: []", 1, "listeners", "found an empty list"),
        (
            "listen: 127.0.0.1:0\nlisteners: [{ address: 127.0.0.1:1 }]", 1, "listen",
            "expected either listen or listeners, found both"
        ),
        ("listeners:\n  - address: here", 2, "listeners[0].address", "expected an address such as 127.0.0.1:8080"),
        ("listeners:\n  - adress: 127.0.0.1:0", 2, "listeners[0].adress", "did you mean address?"),
        (
            "listeners: [{ address: 127.0.0.1:0, direction: up }]", 1, "listeners[0].direction",
            "expected inbound or outbound"
        ),
        (
            "listeners: [{ address: 127.0.0.1:0, metadata: { ns: 1 } }]", 1, "listeners[0].metadata.ns",
            "expected a mapping { key: value }, found \"1\""
        ),
        (
            "listeners: [{ address: 127.0.0.1:0, dynamicMetadata: { ns: { a: { b: } } } }]", 1,
            "listeners[0].dynamicMetadata.ns.a.b",
            "expected text, a number, true, false, a list or a mapping, found nothing"
        ),
        ("listeners: [{ address: 127.0.0.1:0, routes: [] }]", 1, "listeners[0].routes", "found an empty list"),
        ("listen: 127.0.0.1:0\nnode: { ID: a }", 2, "node.ID", "did you mean id?"),
        (
            "listen: 127.0.0.1:0\nplugins:\n  - { name: a, path: x, properties: [request.*.a] }", 3,
            "plugins[0].properties[0]", "expected a path such as request.path, request.* or *, found \"request.*.a\""
        ),
        (
            "listen: 127.0.0.1:0\nplugins:\n  - { name: a, path: x, headersChooseRoute: 1 }", 3,
            "plugins[0].headersChooseRoute", "expected true or false, found \"1\""
        ),
        (
            "listen: 127.0.0.1:0\nplugins:\n  - { name: a, path: x, allowOnHeadersStopIteration: 1 }", 3,
            "plugins[0].allowOnHeadersStopIteration", "expected true or false, found \"1\""
        ),
    ])
    func `a mistake in them is reported with its line and its key`(
        yaml: String, line: Int, key: String, message: String
    ) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try configuration(yaml + "\nroutes: [{ match: { prefix: / }, respond: { status: 200 } }]")
        }
        let found = error.mistakes.first { $0.key == key && $0.message.contains(message) }
        #expect(found != nil, "\(error)")
        #expect(found?.line == line, "\(error)")
    }
}
