import EnvoyConversion
import Testing

@Suite("What Envoy's tcp_proxy becomes")
struct EnvoyTCPConversionTests {
    private static let wasm = "\(Bootstrap.types)/envoy.extensions.filters.network.wasm.v3.Wasm"
    private static let proxy = "\(Bootstrap.types)/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

    /// A bootstrap with a listener of connections.
    private func bootstrap(
        proxy: String = "cluster: db", filters: String = "", cluster: String = "", listeners: String = ""
    ) -> String {
        """
        static_resources:
          listeners:
            - address: { socket_address: { address: 127.0.0.1, port_value: 5432 } }
              filter_chains:
                - filters:
                    \(filters)
                    - name: proxy
                      typed_config: { "@type": \(Self.proxy), stat_prefix: db, \(proxy) }
            \(listeners)
          clusters:
            - name: db
              connect_timeout: 1s
              \(cluster)
              load_assignment: { endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: "::1", port_value: 5433 } } } }] }] }
        """
    }

    private static let filter = """
        - { name: f, typed_config: { "@type": \(wasm), config: { name: guard, vm_config: { code: { local: { filename: /g.wasm } } } } } }
        """

    private static let http = """
        - address: { socket_address: { address: 127.0.0.1, port_value: 80 } }
              filter_chains:
                - filters:
                    - typed_config: { "@type": \(Bootstrap.manager), route_config: { virtual_hosts: [{ domains: ["*"], routes: [{ match: { prefix: / }, route: { cluster: db } }] }] } }
        """

    @Test("A TCP listener with its filters, and an upstream for connections")
    func listener() throws {
        let conversion = try EnvoyConversion(
            bootstrap: bootstrap(proxy: "cluster: db, idle_timeout: 90s", filters: Self.filter))
        #expect(conversion.unexpressed == [])
        #expect(
            conversion.yaml.contains("db:\n    url: tcp://[::1]:5433\n    connectTimeout: 1s\n"), "\(conversion.yaml)")
        #expect(
            conversion.yaml.contains(
                "listeners:\n- address: 127.0.0.1:5432\n  tcp: {filters: [guard], upstream: db, idle: 90s}\n"),
            "\(conversion.yaml)")
        #expect(conversion.notes.contains { $0.message.contains("filters cannot call it") })
    }

    @Test("A cluster for requests and connections becomes two upstreams")
    func both() throws {
        let conversion = try EnvoyConversion(bootstrap: bootstrap(listeners: Self.http))
        #expect(conversion.unexpressed.map(\.path) == ["static_resources.clusters[0]"])
        #expect(conversion.yaml.contains("db:\n    url: http://[::1]:5433"), "\(conversion.yaml)")
        #expect(conversion.yaml.contains("db-tcp:\n    url: tcp://[::1]:5433"), "\(conversion.yaml)")
        #expect(conversion.yaml.contains("tcp: {upstream: db-tcp}"), "\(conversion.yaml)")
    }

    @Test(
        "What the gateway has not is listed",
        arguments: [
            ("cluster: nobody", "", "", "listeners[0].filter_chains[0].filters[0].typed_config.cluster"),
            (
                "weighted_clusters: { clusters: [] }", "", "", "listeners[0].filter_chains[0].filters[0].typed_config"
            ),
            (
                "cluster: db, max_connect_attempts: 3", "", "",
                "listeners[0].filter_chains[0].filters[0].typed_config.max_connect_attempts"
            ),
            (
                "cluster: db", "",
                "transport_socket: { typed_config: { \"@type\": t/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext } }",
                "clusters[0]"
            ),
            ("cluster: db", "", "lb_subset_config: { x: 1 }", "clusters[0].lb_subset_config"),
            (
                "cluster: db",
                "- { name: r, typed_config: { \"@type\": t/envoy.extensions.filters.network.ratelimit.v3.RateLimit } }",
                "", "listeners[0].filter_chains[0].filters[0]"
            ),
        ])
    func gaps(proxy: String, filters: String, cluster: String, path: String) throws {
        var remarks: [EnvoyConversion.Remark] = []
        do {
            remarks = try EnvoyConversion(bootstrap: bootstrap(proxy: proxy, filters: filters, cluster: cluster))
                .unexpressed
        } catch {
            // Without its listener there is nothing to convert.
            #expect("\(error)".contains(path), "\(error)")
            return
        }
        #expect(remarks.map(\.path) == ["static_resources.\(path)"], "\(remarks)")
    }

    @Test("A filter of connections before an http_connection_manager is listed")
    func beforeManager() throws {
        let text = bootstrap(listeners: Self.http).replacing(
            "- typed_config: { \"@type\": \(Bootstrap.manager)",
            with: "\(Self.filter)\n            - typed_config: { \"@type\": \(Bootstrap.manager)")
        let conversion = try EnvoyConversion(bootstrap: text)
        #expect(
            conversion.unexpressed.contains { $0.path == "static_resources.listeners[1].filter_chains[0].filters[0]" })
        #expect(!conversion.yaml.contains("g.wasm\n  "))
    }

    @Test(
        "A listener of connections is left out where something decides about them that the gateway has not",
        arguments: [
            ("", "- { name: r, typed_config: { \"@type\": t/envoy.extensions.filters.network.rbac.v3.RBAC } }", ""),
            ("", "- { name: r, typed_config: { \"@type\": \(wasm), config: { vm_config: { code: {} } } } }", ""),
            ("tunneling_config: { hostname: a }", "", ""),
            (
                "", "",
                "transport_socket: { typed_config: { \"@type\": t/envoy.extensions.transport_sockets.alts.v3.Alts } }"
            ),
        ])
    func closed(proxy: String, filters: String, cluster: String) throws {
        let other = Self.http.replacing("route: { cluster: db }", with: "direct_response: { status: 200 }")
        let text = bootstrap(proxy: "cluster: db, \(proxy)", filters: filters, cluster: cluster, listeners: other)
        let conversion = try EnvoyConversion(bootstrap: text)
        #expect(conversion.closed.listeners == 1)
        #expect(conversion.closed.clusters == (cluster.isEmpty ? 0 : 1))
        #expect(conversion.unexpressed.contains { $0.weakens })
        #expect(!conversion.yaml.contains("tcp:"), "\(conversion.yaml)")
        #expect(conversion.yaml.contains("listen: 127.0.0.1:80\n"), "\(conversion.yaml)")
        let open = try EnvoyConversion(bootstrap: text, allowingGaps: true)
        #expect(open.yaml.contains("  tcp: {upstream: db}\n"), "\(open.yaml)")
    }
}
