import EnvoyConversion
import Foundation
import Testing

@Suite("What Envoy's configuration becomes")
struct EnvoyConversionTests {
    @Test("The names of fields may be those of JSON, and the text may be JSON")
    func camelCase() throws {
        let json = """
            {"staticResources": {"listeners": [{"address": {"socketAddress": {"address": "::1", "portValue": 80}},
            "filterChains": [{"filters": [{"name": "hcm", "typedConfig": {"@type": "\(Bootstrap.manager)",
            "routeConfig": {"virtualHosts": [{"name": "v", "domains": ["*"], "routes": [
            {"match": {"pathSeparatedPrefix": "/a"}, "directResponse": {"status": 204}}]}]}}}]}]}]}}
            """
        let conversion = try EnvoyConversion(bootstrap: json)
        #expect(conversion.unexpressed == [])
        #expect(
            conversion.yaml.hasPrefix(
                "listen: '[::1]:80'\nroutes:\n- match: {prefix: /a}\n  virtualHost: v\n  respond: {status: 204}\n"),
            "\(conversion.yaml)")
    }

    @Test(
        "A filter is given the bytes that Envoy would give it",
        arguments: [
            ("StringValue", "'a: \"b\"'", #"configuration: 'a: "b"'"#),
            ("StringValue", #""two\nlines""#, #"configuration: "two\nlines""#),
            ("BytesValue", "aGk=", "configuration: hi"),
            ("BytesValue", "AAH/", "configuration: {base64: AAH/}"),
            (
                "Struct", #"{ b: [1, 2.5, true, null, "5"], a: { x: "\"" } }"#,
                #"configuration: '{"a":{"x":"\""},"b":[1,2.5,true,null,"5"]}'"#
            ),
        ])
    func configuration(type: String, value: String, expected: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.filters = filter(
            "configuration: { \"@type\": \(Bootstrap.types)/google.protobuf.\(type), value: \(value) }")
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed == [])
        #expect(conversion.yaml.contains("\n  \(expected)\n"), "\(conversion.yaml)")
    }

    @Test("The bytes of other messages are not known")
    func otherConfiguration() throws {
        let lines = try gaps {
            $0.filters = filter(
                "configuration: { \"@type\": \(Bootstrap.types)/google.protobuf.UInt32Value, value: 1 }")
        }
        #expect(lines.map(\.path) == ["\(Self.filter).config.configuration"])
    }

    @Test("A filter may be in a TypedStruct of either name", arguments: ["udpa.type.v1", "xds.type.v3"])
    func typedStruct(package: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.filters = """
            - name: first
              typed_config:
                "@type": \(Bootstrap.types)/\(package).TypedStruct
                type_url: \(Bootstrap.wasm)
                value: { config: { rootId: r, vmConfig: { code: { local: { filename: /a.wasm } } } } }
            """
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed == [])
        #expect(conversion.yaml.contains("- name: first\n  abi: proxy-wasm\n  path: /a.wasm\n  rootID: r\n"))
        #expect(conversion.notes.contains { $0.message.contains("plugin_name is \"first\"") })
    }

    @Test("A module on a server is fetched from there")
    func remote() throws {
        let digest = String(repeating: "0a", count: 32)
        var bootstrap = Bootstrap()
        bootstrap.filters = filter(
            vm:
                "code: { remote: { http_uri: { uri: 'http://h/a.wasm', cluster: c, timeout: 5s }, sha256: \(digest) } }",
            "name: a")
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed == [])
        let expected = "  url: http://h/a.wasm\n  fetch: {timeout: 5s}\n  sha256: \(digest)\n"
        #expect(conversion.yaml.contains(expected), "\(conversion.yaml)")
    }

    @Test("What a filter may call, and be called with, is kept")
    func allowedCapabilities() throws {
        var bootstrap = Bootstrap()
        bootstrap.filters = filter(
            "{name: a, capability_restriction_config: { allowed_capabilities: { proxy_log: {}, fd_write: } }}")
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed == [])
        #expect(conversion.yaml.contains("  allowedCapabilities: [proxy_log, fd_write]\n"), "\(conversion.yaml)")
        bootstrap.filters = filter("{name: a, capability_restriction_config: { allowed_capabilities: {} }}")
        let all = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(all.unexpressed == [])
        #expect(!all.yaml.contains("allowedCapabilities"))
    }

    @Test("Equal plugins are one, and others with the same name get a name of their own")
    func names() throws {
        var bootstrap = Bootstrap()
        bootstrap.filters = [filter("name: a"), filter("name: a"), filter("{ name: a, root_id: b }")]
            .joined(separator: "\n")
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.yaml.contains("filters: [a, a, a-2]"))
        #expect(conversion.yaml.contains("- name: a-2\n  abi: proxy-wasm\n  path: /a.wasm\n  rootID: b\n"))
        #expect(conversion.unexpressed.map(\.message).contains { $0.contains("plugin_name is \"a-2\"") })
    }

    @Test("Every key that nobody asks for is listed, wherever it is")
    func unknownKeys() throws {
        let manager = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config"
        let route = "\(manager).route_config.virtual_hosts[0].routes[0].route"
        let cases: [(change: (inout Bootstrap) -> Void, paths: [String])] = [
            ({ $0.top = "overload_manager: {}" }, ["overload_manager"]),
            ({ $0.listener = "bind_to_port: false" }, ["static_resources.listeners[0].bind_to_port"]),
            ({ $0.manager = "access_log: [{ name: a }]" }, ["\(manager).access_log"]),
            ({ $0.cluster = "health_checks: [{}]" }, ["static_resources.clusters[0].health_checks"]),
            ({ $0.filters = filter("{ name: a, surprise: 1 }") }, ["\(Self.filter).config.surprise"]),
            ({ $0.top = "'o.d': 1\nadmin: 5" }, [#"["o.d"]"#, "admin"]),
            (
                { $0.routes = "- { match: { path: / }, route: { cluster: up, prefix_rewrite: /, timeout: 1s } }" },
                ["\(route).timeout", "\(route).prefix_rewrite"]
            ),
        ]
        for (change, paths) in cases {
            let found = try gaps(change).map(\.path)
            #expect(found == paths)
        }
    }

    @Test("A line break in a key does not end a comment")
    func comments() throws {
        var bootstrap = Bootstrap()
        bootstrap.top = #""a\nroutes": 1"#
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed.map(\.path) == [#"["a\nroutes"]"#])
        #expect(conversion.yaml.contains(#"# - ["a\nroutes"]: "#))
    }

    @Test("A route whose cluster there is not answers 503, as in Envoy, and one that does something else 501")
    func actions() throws {
        var bootstrap = Bootstrap()
        bootstrap.routes = """
            - { match: { path: /a }, route: { cluster: nowhere } }
            - { match: { path: /b }, route: { weighted_clusters: {} } }
            """
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(
            conversion.yaml.contains(
                "- match: {path: /a}\n  virtualHost: all\n  filters: [auth]\n  respond: {status: 503}\n"))
        #expect(
            conversion.yaml.contains(
                "- match: {path: /b}\n  virtualHost: all\n  filters: [auth]\n  respond: {status: 501}\n"))
        #expect(conversion.unexpressed.count == 2)
    }

    @Test("What filters are told of Envoy, its listeners and its routes is kept")
    func place() throws {
        var bootstrap = Bootstrap()
        bootstrap.top = "node: { id: n, cluster: c, metadata: { ROLE: edge, list: [1, \"2\"] } }"
        bootstrap.listener = "traffic_direction: INBOUND\nmetadata: { filter_metadata: { a.b: { x: true } } }"
        bootstrap.routes = """
            - match: { path: /a }
              route: { cluster: up }
              name: first
              metadata: { filter_metadata: { ns: { tier: gold, deep: { er: "1" } } } }
            """
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed == [])
        for part in [
            """
            node:
              id: n
              cluster: c
              metadata:
                ROLE: edge
                list:
                - 1
                - "2"

            """,
            """
            listeners:
            - address: 127.0.0.1:10000
              direction: inbound
              metadata:
                a.b:
                  x: true
              routes:
              - match: {path: /a}
                name: first
                virtualHost: all
                metadata:
                  ns:
                    tier: gold
                    deep:
                      er: "1"
                filters: [auth]
                upstream: up

            """,
        ] {
            #expect(conversion.yaml.contains(part), "\(conversion.yaml)")
        }
    }

    @Test("Metadata that the gateway has not is listed")
    func otherMetadata() throws {
        let lines = try gaps {
            $0.listener = "metadata: { typed_filter_metadata: { a: {} }, filter_metadata: { b: { c: null } } }"
        }
        let metadata = "static_resources.listeners[0].metadata"
        #expect(Set(lines.map(\.path)) == ["\(metadata).typed_filter_metadata", "\(metadata).filter_metadata.b"])
    }

    @Test("A filter keeps what it may call, and how it is shown bodies")
    func restrictions() throws {
        let names = "proxy_log: {}, fd_write: null, proxy_on_log: {}"
        var bootstrap = Bootstrap()
        bootstrap.filters = filter(
            "{ name: a, capability_restriction_config: { allowed_capabilities: { \(names) } }, allow_on_headers_stop_iteration: true }"
        )
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed == [])
        #expect(
            conversion.yaml.contains(
                "  allowOnHeadersStopIteration: true\n  headersChooseRoute: true\n  allowedCapabilities: [proxy_log, fd_write, proxy_on_log]\n"
            ),
            "\(conversion.yaml)")
    }

    @Test("A service of the bootstrap is one of the gateway, with a name of its own")
    func services() throws {
        let vm = "vm_config: { code: { local: { filename: /s.wasm } } }"
        let type = "\"@type\": \(Bootstrap.types)/envoy.extensions.wasm.v3.WasmService"
        var bootstrap = Bootstrap()
        bootstrap.top = """
            bootstrap_extensions:
              - name: envoy.bootstrap.wasm
                typed_config: { \(type), singleton: true, config: { name: s, \(vm) } }
              - name: envoy.bootstrap.wasm
                typed_config: { \(type), config: { root_id: r, \(vm) } }
              - name: other
                typed_config: { "@type": other }
            """
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        let services = """
            services:
            - name: s
              abi: proxy-wasm
              path: /s.wasm
              singleton: true
            - name: envoy.bootstrap.wasm
              abi: proxy-wasm
              path: /s.wasm
              rootID: r

            """
        #expect(conversion.yaml.contains(services), "\(conversion.yaml)")
        #expect(conversion.unexpressed.map(\.path) == ["bootstrap_extensions[2]"])
    }

    @Test(
        "How long a failed plugin waits is kept, where it waits",
        arguments: [
            (
                "FAIL_RELOAD", "{ base_interval: 2s, max_interval: 20.5s }",
                "{policy: FAIL_RELOAD, wait: 2s, longestWait: 20500ms}"
            ),
            ("FAIL_RELOAD", "{ base_interval: 0.000001s }", "{policy: FAIL_RELOAD, wait: 1us}"),
            ("FAIL_OPEN", "{ base_interval: 2s }", "FAIL_OPEN"),
        ])
    func waits(policy: String, backoff: String, expected: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.filters = filter("{name: a, failure_policy: \(policy), reload_config: { backoff: \(backoff) }}")
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed == [])
        #expect(conversion.yaml.contains("  onFailure: \(expected)\n"), "\(conversion.yaml)")
    }

    @Test("Metadata that is set before all plugins is what streams begin with")
    func dynamicMetadata() throws {
        let setting = """
            - name: m
              typed_config:
                "@type": \(Bootstrap.types)/envoy.extensions.filters.http.set_metadata.v3.Config
                metadata: [{ metadata_namespace: ns, value: { a: b }, allow_overwrite: true }, { metadata_namespace: ns, value: {} }]
            """
        var bootstrap = Bootstrap()
        bootstrap.filters = setting + "\n" + bootstrap.filters + "\n" + setting
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.yaml.contains("  dynamicMetadata:\n    ns:\n      a: b\n  routes:"), "\(conversion.yaml)")
        let filters = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters"
        #expect(
            conversion.unexpressed.map(\.path) == [
                "\(filters)[0].typed_config.metadata[1]", "\(filters)[2]",
            ])
    }

    @Test("Several listeners have their own routes")
    func listeners() throws {
        let second = """
            - address: { socket_address: { address: 127.0.0.1, port_value: 10001 } }
              filter_chains:
                - filters:
                    - typed_config:
                        "@type": \(Bootstrap.manager)
                        route_config: { virtual_hosts: [{ domains: ["*"], routes: [{ match: { prefix: / }, direct_response: { status: 200 } }] }] }
            """
        let text = Bootstrap().yaml.replacing(
            "\n  clusters:", with: "\n" + second.split(separator: "\n").map { "    \($0)\n" }.joined() + "  clusters:")
        let conversion = try EnvoyConversion(bootstrap: text)
        #expect(conversion.unexpressed == [])
        #expect(
            conversion.yaml.contains(
                "- address: 127.0.0.1:10001\n  routes:\n  - match: {prefix: /}\n    respond: {status: 200}\n"),
            "\(conversion.yaml)")
    }

    @Test("A cluster's bound of connections and TLS are kept")
    func cluster() throws {
        var bootstrap = Bootstrap()
        bootstrap.cluster = """
            circuit_breakers: { thresholds: [{ priority: DEFAULT, max_connections: 7 }] }
            transport_socket:
              name: tls
              typed_config: { "@type": \(Bootstrap.types)/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext, sni: other }
            """
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml, allowingGaps: true)
        #expect(
            conversion.yaml.contains("    url: https://localhost:9090\n    connectTimeout: 250ms\n    connections: 7\n")
        )
        #expect(
            conversion.unexpressed.map(\.path) == ["static_resources.clusters[0].transport_socket.typed_config.sni"])
    }

    @Test("Text that means much by few bytes is refused")
    func aliases() {
        let levels = (1...9).map {
            "l\($0): &l\($0) [\(Array(repeating: "*l\($0 - 1)", count: 10).joined(separator: ","))]"
        }
        #expect(throws: EnvoyConversionError.self) {
            try EnvoyConversion(bootstrap: "l0: &l0 x\n" + levels.joined(separator: "\n"))
        }
    }

    private static let filter =
        "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[0].typed_config"

    /// A filter with some keys of its `config`.
    private func filter(vm: String = "code: { local: { filename: /a.wasm } }", _ keys: String) -> String {
        let inner = keys.hasPrefix("{") ? String(keys.dropFirst().dropLast()) : keys
        return
            "- { name: w, typed_config: { \"@type\": \(Bootstrap.wasm), config: { vm_config: { \(vm) }, \(inner) } } }"
    }

    private func gaps(_ change: (inout Bootstrap) -> Void) throws -> [EnvoyConversion.Remark] {
        var bootstrap = Bootstrap()
        change(&bootstrap)
        return try EnvoyConversion(bootstrap: bootstrap.yaml).unexpressed
    }
}
