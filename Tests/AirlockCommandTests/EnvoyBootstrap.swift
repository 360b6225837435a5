import Foundation

/// An Envoy bootstrap with one listener, one filter and one cluster; parts of it can be others.
struct Bootstrap {
    static let types = "type.googleapis.com"
    static let manager =
        "\(types)/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    static let wasm = "\(types)/envoy.extensions.filters.http.wasm.v3.Wasm"

    /// More keys at the top.
    var top = ""
    /// More keys of the listener.
    var listener = ""
    /// More keys of the http_connection_manager.
    var manager = ""
    var filters = """
        - name: envoy.filters.http.wasm
          typed_config:
            "@type": \(wasm)
            config:
              name: auth
              root_id: auth_root
              failure_policy: FAIL_OPEN
              vm_config: { vm_id: vm, runtime: envoy.wasm.runtime.v8, code: { local: { filename: /filters/auth.wasm } } }
              configuration: { "@type": \(types)/google.protobuf.StringValue, value: '{"keys":["k1"]}' }
        """
    var domains = "[\"*\"]"
    var routes = """
        - { match: { path: /exact }, route: { cluster: up } }
        - { match: { prefix: /api }, route: { cluster: up } }
        - { match: { prefix: / }, route: { cluster: up } }
        """
    /// More keys of the cluster.
    var cluster = ""

    var yaml: String {
        """
        static_resources:
          listeners:
            - address: { socket_address: { address: 127.0.0.1, port_value: 10000 } }
        \(indented(listener, by: 6))
              filter_chains:
                - filters:
                    - name: envoy.filters.network.http_connection_manager
                      typed_config:
                        "@type": \(Self.manager)
                        stat_prefix: ingress
        \(indented(manager, by: 16))
                        http_filters:
        \(indented(filters, by: 18))
                          - name: envoy.filters.http.router
                            typed_config: { "@type": \(Self.types)/envoy.extensions.filters.http.router.v3.Router }
                        route_config:
                          virtual_hosts:
                            - name: all
                              domains: \(domains)
                              routes:
        \(indented(routes, by: 24))
          clusters:
            - name: up
              connect_timeout: 0.25s
              type: STRICT_DNS
        \(indented(cluster, by: 6))
              load_assignment:
                endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address: localhost, port_value: 9090 } } } }] }]
        \(top)
        """
    }

    private func indented(_ text: String, by columns: Int) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { String(repeating: " ", count: columns) + $0 }.joined(separator: "\n")
    }
}
