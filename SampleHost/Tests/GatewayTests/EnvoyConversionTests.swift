import AirlockProxyWasm
import EnvoyConversion
import Foundation
import Gateway
import Testing

@Suite struct `A configuration that was converted from Envoy's` {
    @Test func `is one of the gateway, with the filters as Envoy had them`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "auth.wasm")
        let configuration = try converted(folder) {
            """
            - name: wasm
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
                config:
                  name: auth
                  root_id: root
                  fail_open: true
                  allow_on_headers_stop_iteration: true
                  capability_restriction_config: { allowed_capabilities: { proxy_log: {}, fd_write: {}, fd_pwrite: {}, proxy_on_log: {} } }
                  configuration: { "@type": type.googleapis.com/google.protobuf.BytesValue, value: AAH/ }
                  vm_config:
                    vm_id: vm
                    code: { local: { filename: auth.wasm } }
                    configuration: { "@type": type.googleapis.com/google.protobuf.StringValue, value: "no: \\"\\nyes: ~" }
                    environment_variables: { key_values: { NAME: "", OTHER: "null" } }
            """
        }
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 0))
        #expect(configuration.bounds.idle == .seconds(90))
        let upstream = UpstreamConfiguration(
            url: "http://127.0.0.1:9090", connectTimeout: .milliseconds(250), connections: 7)
        #expect(configuration.upstreams == ["up": upstream])
        let filter = try #require(configuration.plugins.first?.filter)
        #expect(filter.name == "auth")
        #expect(filter.rootID == "root")
        #expect(filter.vmID == "vm")
        #expect(filter.failurePolicy == .open)
        #expect(filter.configuration == [0, 1, 255])
        #expect(filter.vmConfiguration == Array("no: \"\nyes: ~".utf8))
        #expect(filter.environment == ["NAME": "", "OTHER": "null"])
        let forward = RouteConfiguration.Action.forward(filters: ["auth"], upstream: "up")
        let routes = [
            RouteConfiguration(
                match: .path(try #require(PathText("/exact"))),
                action: .filteredRespond(filters: ["auth"], status: 200, body: "a: b\n"), name: "the-route",
                virtualHost: "all", metadata: ["ns": ["tier": "gold", "level": 3, "quoted": "3"]]),
            RouteConfiguration(match: .startsWith(try #require(PathText("/api"))), action: forward, virtualHost: "all"),
            RouteConfiguration(match: .prefix(try #require(PathPrefix("/"))), action: forward, virtualHost: "all"),
        ]
        #expect(configuration.listeners.map(\.routes) == [routes])
        #expect(configuration.listeners.map(\.direction) == [.inbound])
        #expect(configuration.node == ProxyNode(id: "n", cluster: "c", metadata: ["a": ["b": true]]))
        #expect(filter.allowOnHeadersStopIteration)
        #expect(filter.headersChooseRoute)
        #expect(filter.allowedCapabilities == ["proxy_log", "fd_write", "fd_pwrite", "proxy_on_log"])
    }

    @Test func `serves what Envoy would`() async throws {
        let configuration = try converted(try TemporaryFolder(), filters: { "" })
        try await RunningGateway.with(configuration) { gateway in
            let exact = try await gateway.send("GET", "/exact?x=1")
            #expect(exact.status == 200)
            #expect(exact.body == "a: b\n")
        }
    }

    @Test func `answers 501 where a filter is missing that Envoy would have asked`() async throws {
        let type = "type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC"
        let rbac = "- { name: rbac, typed_config: { \"@type\": \(type), rules: { action: ALLOW } } }"
        let configuration = try converted(try TemporaryFolder(), filters: { rbac })
        try await RunningGateway.with(configuration) { gateway in
            for path in ["/exact", "/api/x", "/"] {
                let answer = try await gateway.send("GET", path)
                #expect(answer.status == 501)
            }
        }
    }

    @Test func `has TCP listeners where Envoy had a tcp_proxy`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "guard.wasm")
        let types = "type.googleapis.com/envoy.extensions.filters.network"
        let conversion = try EnvoyConversion(
            bootstrap: """
                static_resources:
                  listeners:
                    - address: { socket_address: { address: 127.0.0.1, port_value: 5432 } }
                      filter_chains:
                        - filters:
                            - typed_config:
                                "@type": \(types).wasm.v3.Wasm
                                config: { name: guard, vm_config: { code: { local: { filename: guard.wasm } } } }
                            - typed_config: { "@type": \(types).tcp_proxy.v3.TcpProxy, cluster: db, idle_timeout: 1.5s }
                  clusters:
                    - name: db
                      load_assignment:
                        endpoints:
                          - lb_endpoints: [{ endpoint: { address: { socket_address: { address: "::1", port_value: 5433 } } } }]
                """)
        #expect(conversion.unexpressed == [])
        let configuration = try GatewayConfiguration(yaml: conversion.yaml, file: "gateway.yaml", folder: folder.path)
        #expect(
            configuration.listeners == [
                ListenerConfiguration(
                    address: ListenAddress(host: "127.0.0.1", port: 5432),
                    tcp: TCPForwarding(filters: ["guard"], upstream: "db", idle: .milliseconds(1500)))
            ])
        #expect(configuration.upstreams["db"]?.url == "tcp://[::1]:5433")
    }

    /// - Parameter filters: entries of `http_filters`.
    private func converted(_ folder: TemporaryFolder, filters: () -> String) throws -> GatewayConfiguration {
        let filters = filters().split(separator: "\n").map { "                  \($0)" }.joined(separator: "\n")
        let text = """
            node: { id: n, cluster: c, metadata: { a: { b: true } } }
            static_resources:
              listeners:
                - traffic_direction: INBOUND
                  address: { socket_address: { address: 127.0.0.1, port_value: 0 } }
                  filter_chains:
                    - filters:
                        - typed_config:
                            "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                            common_http_protocol_options: { idle_timeout: 90s }
                            http_filters:
            \(filters)
                              - name: router
                                typed_config: { "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }
                            route_config:
                              virtual_hosts:
                                - name: all
                                  domains: ["*"]
                                  routes:
                                    - { match: { path: /exact }, direct_response: { status: 200, body: { inline_string: "a: b\\n" } }, name: the-route, metadata: { filter_metadata: { ns: { tier: gold, level: 3, quoted: "3" } } } }
                                    - { match: { prefix: /api }, route: { cluster: up } }
                                    - { match: { prefix: / }, route: { cluster: up } }
              clusters:
                - name: up
                  connect_timeout: 0.25s
                  circuit_breakers: { thresholds: [{ max_connections: 7 }] }
                  load_assignment:
                    endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 9090 } } } }] }]
            """
        let yaml = try EnvoyConversion(bootstrap: text).yaml
        return try GatewayConfiguration(yaml: yaml, file: "gateway.yaml", folder: folder.path)
    }
}
