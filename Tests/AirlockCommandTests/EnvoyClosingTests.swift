import EnvoyConversion
import Testing

@Suite("What Envoy refuses is not let through")
struct EnvoyClosingTests {
    private static let closed = "  virtualHost: all\n  respond: {status: 501}\n"
    private static let open = "  virtualHost: all\n  filters: [auth]\n  upstream: up\n"
    private static let allClosed =
        "routes:\n- match: {path: /exact}\n\(closed)- match: {startsWith: /api}\n\(closed)- match: {prefix: /}\n\(closed)"
    private static let allOpen =
        "routes:\n- match: {path: /exact}\n\(open)- match: {startsWith: /api}\n\(open)- match: {prefix: /}\n\(open)"
    private static let manager = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config"

    private static let filters = [
        "http.rbac.v3.RBAC", "http.ext_authz.v3.ExtAuthz", "http.jwt_authn.v3.JwtAuthentication",
        "http.ext_proc.v3.ExternalProcessor", "http.lua.v3.Lua", "http.ratelimit.v3.RateLimit",
        "http.local_ratelimit.v3.LocalRateLimit", "http.oauth2.v3.OAuth2", "http.csrf.v3.CsrfPolicy",
        "http.basic_auth.v3.BasicAuth", "http.api_key_auth.v3.ApiKeyAuth", "http.ip_tagging.v3.IPTagging",
        "http.nobody.knows.v9.It",
    ]

    @Test("Routes behind a filter that the gateway has not answer 501", arguments: filters)
    func unknownFilter(type: String) throws {
        let filter = "- { name: x, typed_config: { \"@type\": \(Bootstrap.types)/envoy.extensions.filters.\(type) } }"
        try expectAllClosed(by: "\(Self.manager).http_filters[1]") { $0.filters += "\n\(filter)" }
        var disabled = Bootstrap()
        disabled.filters += "\n" + filter.replacing("name: x", with: "name: x, disabled: true")
        let conversion = try EnvoyConversion(bootstrap: disabled.yaml)
        #expect(conversion.unexpressed == [])
        #expect(conversion.yaml.contains(Self.allOpen))
    }

    @Test(
        "Routes behind a filter that refuses nothing stay open, and it is listed",
        arguments: ["http.compressor.v3.Compressor", "http.cors.v3.Cors", "http.grpc_stats.v3.FilterConfig"])
    func harmlessFilter(type: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.filters +=
            "\n- { name: x, typed_config: { \"@type\": \(Bootstrap.types)/envoy.extensions.filters.\(type) } }"
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.yaml.contains(Self.allOpen))
        #expect(conversion.closed.isEmpty)
        #expect(conversion.unexpressed.map(\.weakens) == [false])
    }

    @Test(
        "Routes behind a filter that comes from elsewhere, or cannot be loaded, answer 501",
        arguments: [
            "config_discovery: { type_urls: [] }",
            "typed_config: { \"@type\": \(Bootstrap.wasm), config: { vm_config: { runtime: envoy.wasm.runtime.null, code: {} } } }",
            "typed_config: { \"@type\": \(Bootstrap.wasm), config: { vm_config: { code: { local: { inline_bytes: AGFzbQ== } } } } }",
        ])
    func absentFilter(keys: String) throws {
        try expectAllClosed(by: "\(Self.manager).http_filters[1]") { $0.filters += "\n- { name: x, \(keys) }" }
    }

    @Test(
        "What decides about connections of a listener closes all of its routes",
        arguments: [
            "transport_socket: { name: tls, typed_config: { \"@type\": t/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext } }",
            "filter_chain_match: { source_prefix_ranges: [{ address_prefix: 10.0.0.0, prefix_len: 8 }] }",
            "use_proxy_proto: true", "surprise: 1",
        ])
    func chains(keys: String) throws {
        let chain = "static_resources.listeners[0].filter_chains[0]"
        let key = keys.prefix { $0 != ":" }
        let text = Bootstrap().yaml.replacing("- filters:", with: "- \(keys)\n          filters:")
        let conversion = try EnvoyConversion(bootstrap: text)
        #expect(conversion.yaml.contains(Self.allClosed), "\(conversion.yaml)")
        #expect(conversion.closed.routes == 3)
        #expect(conversion.unexpressed.map(\.path).allSatisfy { $0.hasPrefix("\(chain).\(key)") })
        #expect(conversion.unexpressed.map(\.weakens) == [true])
        #expect(try EnvoyConversion(bootstrap: text, allowingGaps: true).yaml.contains(Self.allOpen))
    }

    @Test("A filter of connections before an http_connection_manager closes its routes")
    func networkFilter() throws {
        let rbac = "{ typed_config: { \"@type\": t/envoy.extensions.filters.network.rbac.v3.RBAC } }"
        let text = Bootstrap().yaml.replacing("- filters:\n", with: "- filters:\n            - \(rbac)\n")
        let conversion = try EnvoyConversion(bootstrap: text)
        #expect(conversion.yaml.contains(Self.allClosed), "\(conversion.yaml)")
        #expect(conversion.unexpressed.map(\.path) == ["static_resources.listeners[0].filter_chains[0].filters[0]"])
    }

    @Test(
        "What a listener and its manager do, and nobody knows here, closes all routes",
        arguments: [
            "path_with_escaped_slashes_action: SURPRISE",
            "forward_client_cert_details: SANITIZE", "local_reply_config: {}", "xff_num_trusted_hops: 1", "surprise: 1",
        ])
    func managers(keys: String) throws {
        try expectAllClosed(by: "\(Self.manager).\(keys.prefix { $0 != ":" })") { $0.manager = keys }
    }

    @Test(
        "What is made of paths is made of them in the gateway",
        arguments: [
            ("normalize_path: true", "{normalize: true}"), ("merge_slashes: true", "{mergeSlashes: true}"),
            ("path_with_escaped_slashes_action: REJECT_REQUEST", "{escapedSlashes: refuse}"),
            ("path_with_escaped_slashes_action: UNESCAPE_AND_REDIRECT", "{escapedSlashes: refuse}"),
            ("normalize_path: false", nil), ("path_with_escaped_slashes_action: KEEP_UNCHANGED", nil),
        ])
    func paths(keys: String, expected: String?) throws {
        var bootstrap = Bootstrap()
        bootstrap.manager = keys
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.closed.isEmpty)
        #expect(expected.map { conversion.yaml.contains("paths: \($0)\n") } ?? !conversion.yaml.contains("paths:"))
    }

    @Test(
        "What a listener asks for closes its routes",
        arguments: ["bind_to_port: false", "listener_filters: [{}]", "default_filter_chain: {}"])
    func listeners(keys: String) throws {
        try expectAllClosed(by: "static_resources.listeners[0].\(keys.prefix { $0 != ":" })") { $0.listener = keys }
    }

    @Test(
        "What only differs closes nothing",
        arguments: [
            "access_log: [{ name: a }]", "server_name: x", "request_timeout: 1s", "codec_type: HTTP2", "tracing: {}",
        ])
    func harmless(keys: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.manager = keys
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.yaml.contains(Self.allOpen), "\(conversion.yaml)")
        #expect(conversion.unexpressed.map(\.weakens) == [false])
        #expect(conversion.closed.isEmpty)
    }

    @Test(
        "A route with conditions that the gateway has not answers 501 for at least the paths that it has",
        arguments: [
            ("prefix: /a, headers: [{ name: x }]", "startsWith: /a"),
            ("path: /a, query_parameters: [{ name: x }]", "path: /a"),
            ("prefix: /a, grpc: {}", "startsWith: /a"), ("path_separated_prefix: /a, tls_context: {}", "prefix: /a"),
            ("path: /a, runtime_fraction: { default_value: { numerator: 1 } }", "path: /a"),
            ("path: /a, dynamic_metadata: [{}]", "path: /a"), ("path: /a, filter_state: [{}]", "path: /a"),
            ("path: /a, case_sensitive: false", "prefix: /"), ("safe_regex: { regex: .* }", "prefix: /"),
            ("safe_regex: { regex: '/api/v[0-9]+/.*' }", "startsWith: /api/v"),
            ("safe_regex: { regex: '/v1\\.0/x' }", "startsWith: /v1.0/x"),
            ("safe_regex: { regex: '/ab*c' }", "startsWith: /a"),
            ("safe_regex: { regex: '/ab{0}c' }", "startsWith: /a"),
            ("safe_regex: { regex: '/(a|b)' }", "prefix: /"), ("safe_regex: { regex: '/x(a|b)' }", "startsWith: /x"),
            ("safe_regex: { regex: '/a|/b' }", "prefix: /"), ("safe_regex: { regex: '/a\\d' }", "startsWith: /a"),
            ("safe_regex: { regex: '/a[(]|/b' }", "prefix: /"), ("safe_regex: { regex: '/a\\Q(\\E|/b' }", "prefix: /"),
            ("safe_regex: { regex: '^/a$' }", "startsWith: /a"),
            ("safe_regex: { regex: \"/ab*\\u0301\" }", "prefix: /"),
            ("safe_regex: { regex: '(?i)/a' }", "prefix: /"), ("safe_regex: { regex: 'x/a' }", "prefix: /"),
            ("safe_regex: { regex: '/a', google_re2: {} }, headers: [{ name: x }]", "startsWith: /a"),
            ("prefix: \"\", headers: [{ name: x }]", "prefix: /"), ("connect_matcher: {}", "prefix: /"),
        ])
    func conditions(match: String, expected: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.routes = """
            - { match: { \(match) }, name: first, direct_response: { status: 403 } }
            - { match: { prefix: / }, route: { cluster: up } }
            """
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.unexpressed.map { $0.path.suffix(9) } == ["routes[0]"])
        #expect(conversion.closed.routes == 1)
        #expect(
            conversion.yaml.contains(
                "routes:\n- match: {\(expected)}\n  name: first\n\(Self.closed)- match: {prefix: /}\n\(Self.open)"),
            "\(conversion.yaml)")
        let open = try EnvoyConversion(bootstrap: bootstrap.yaml, allowingGaps: true)
        #expect(open.unexpressed.map(\.weakens) == [true])
        #expect(open.yaml.contains("routes:\n- match: {prefix: /}\n\(Self.open)"), "\(open.yaml)")
    }

    @Test(
        "What else a route or its action asks for closes that route alone",
        arguments: [
            ("typed_per_filter_config: { auth: {} }", ""), ("request_headers_to_remove: [x-user]", ""),
            ("surprise: 1", ""), ("", "prefix_rewrite: /b"), ("", "rate_limits: [{}]"), ("", "host_rewrite_literal: b"),
        ])
    func routes(ofRoute: String, ofAction: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.routes = """
            - { match: { path: /a }, route: { cluster: up, \(ofAction) }, \(ofRoute) }
            - { match: { prefix: / }, route: { cluster: up } }
            """
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(
            conversion.yaml.contains("- match: {path: /a}\n\(Self.closed)- match: {prefix: /}\n\(Self.open)"),
            "\(conversion.yaml)")
        #expect(conversion.closed.description == "1 route answers 501")
        #expect(conversion.unexpressed.map(\.weakens) == [true])
        let open = try EnvoyConversion(bootstrap: bootstrap.yaml, allowingGaps: true)
        #expect(open.yaml.contains("- match: {path: /a}\n\(Self.open)"))
        #expect(open.unexpressed == conversion.unexpressed)
        #expect(open.closed.isEmpty)
    }

    @Test(
        "What a virtual host asks for closes its routes",
        arguments: ["require_tls: ALL", "typed_per_filter_config: { a: {} }"])
    func virtualHosts(keys: String) throws {
        let path = "\(Self.manager).route_config.virtual_hosts[0].\(keys.prefix { $0 != ":" })"
        try expectAllClosed(by: path) { $0.domains += "\n                      \(keys)" }
    }

    @Test("Where a virtual host is for some hosts, the routes for all hosts are closed, too")
    func domains() throws {
        let other =
            "- { domains: [admin.example], routes: [{ match: { prefix: / }, direct_response: { status: 403 } }] }"
        let text = Bootstrap().yaml.replacing(
            "virtual_hosts:\n", with: "virtual_hosts:\n                    \(other)\n")
        let conversion = try EnvoyConversion(bootstrap: text)
        #expect(conversion.yaml.contains(Self.allClosed), "\(conversion.yaml)")
        #expect(conversion.unexpressed.map { $0.path.suffix(16) } == ["virtual_hosts[0]"])
        var alone = Bootstrap()
        alone.domains = "[example.com]"
        let none = try EnvoyConversion(bootstrap: alone.yaml)
        #expect(none.yaml.contains("routes:\n- match: {prefix: /}\n  respond: {status: 501}\n"), "\(none.yaml)")
        let open = try EnvoyConversion(bootstrap: alone.yaml, allowingGaps: true)
        #expect(open.yaml.contains("routes:\n- match: {prefix: /}\n  respond: {status: 404}\n"), "\(open.yaml)")
    }

    private static let tls = "\(Bootstrap.types)/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"

    @Test(
        "A cluster that is reached otherwise than by the gateway is left out, for filters too, and its routes answer 501",
        arguments: [
            "transport_socket: { typed_config: { \"@type\": t/envoy.extensions.transport_sockets.alts.v3.Alts } }",
            "transport_socket: { name: tls }",
            "transport_socket_matches: [{ name: a, transport_socket: { name: tls } }]",
            "transport_socket: { typed_config: { \"@type\": \(tls), common_tls_context: { validation_context: { trusted_ca: { filename: /ca } } } } }",
            "transport_socket: { typed_config: { \"@type\": \(tls), common_tls_context: { tls_certificates: [{}] } } }",
            "type: ORIGINAL_DST", "filters: [{}]", "surprise: 1",
        ])
    func clusters(keys: String) throws {
        var bootstrap = Bootstrap()
        bootstrap.cluster = keys
        let text = bootstrap.yaml.replacing(keys.hasPrefix("type:") ? "\n      type: STRICT_DNS" : "", with: "")
        let conversion = try EnvoyConversion(bootstrap: text)
        #expect(conversion.yaml.contains(Self.allClosed), "\(conversion.yaml)")
        #expect(!conversion.yaml.contains("upstreams:"))
        #expect(conversion.closed.description == "3 routes answer 501, 1 cluster is left out")
        let open = try EnvoyConversion(bootstrap: text, allowingGaps: true)
        #expect(open.yaml.contains(Self.allOpen))
        #expect(open.yaml.contains("upstreams:\n  up:\n"))
    }

    private func expectAllClosed(by path: String, _ change: (inout Bootstrap) -> Void) throws {
        var bootstrap = Bootstrap()
        change(&bootstrap)
        let conversion = try EnvoyConversion(bootstrap: bootstrap.yaml)
        #expect(conversion.yaml.contains(Self.allClosed), "\(conversion.yaml)")
        #expect(conversion.closed.routes == 3)
        #expect(conversion.unexpressed.contains { $0.path.hasPrefix(path) && $0.weakens }, "\(conversion.unexpressed)")
        let open = try EnvoyConversion(bootstrap: bootstrap.yaml, allowingGaps: true)
        #expect(open.yaml.contains(Self.allOpen), "\(open.yaml)")
        #expect(open.unexpressed == conversion.unexpressed)
    }
}
