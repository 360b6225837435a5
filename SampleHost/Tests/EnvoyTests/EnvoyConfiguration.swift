import Foundation

/// An Envoy bootstrap with a listener and a chain for each comparison, and one upstream.
struct EnvoyConfiguration {
    let comparisons: [Comparison]
    /// Those of connections, each with a listener, too.
    var connections: [ConnectionExchange] = []
    /// The scripted guest's module.
    let guest: String
    let upstreamPort: Int
    /// Where the filters of each comparison are; nil where they are in Envoy itself.
    var processing: Processing?

    /// Filters that Envoy has an external processor for.
    struct Processing {
        /// The processor's port.
        let port: Int
        /// How bodies are sent to it, by comparison.
        let bodies: [String: ProcessedBodies]
    }

    func json() throws -> Data {
        try JSONSerialization.data(withJSONObject: [
            "admin": ["address": address(port: 0)],
            "static_resources": [
                "listeners": comparisons.map(listener) + connections.map { connectionListener($0.comparison) },
                "clusters": [cluster("up", port: upstreamPort)] + processors,
            ],
        ])
    }

    private func address(port: Int) -> [String: Any] {
        ["socket_address": ["address": "127.0.0.1", "port_value": port]]
    }

    private func cluster(_ name: String, port: Int) -> [String: Any] {
        [
            "name": name, "type": "STATIC",
            "load_assignment": [
                "cluster_name": name,
                "endpoints": [["lb_endpoints": [["endpoint": ["address": address(port: port)]]]]],
            ],
        ]
    }

    private var processors: [[String: Any]] {
        guard let processing else { return [] }
        let options: [String: Any] = [
            "@type": type("upstreams.http.v3.HttpProtocolOptions"),
            "explicit_http_config": ["http2_protocol_options": [String: Any]()],
        ]
        var cluster = cluster("airlock", port: processing.port)
        cluster["typed_extension_protocol_options"] = [
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        ]
        return [cluster]
    }

    private func listener(_ comparison: Comparison) -> [String: Any] {
        let filters =
            processing.map { [processor(comparison, $0)] }
            ?? comparison.scripts.indices.map { filter(comparison, $0, in: "http") }
        let manager: [String: Any] = [
            "@type": type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": comparison.name, "codec_type": "HTTP1",
            "route_config": [
                "name": "routes",
                "virtual_hosts": [
                    [
                        "name": "everything", "domains": ["*"],
                        "routes": [
                            ["name": "/\(comparison.name)", "match": ["prefix": "/"], "route": ["cluster": "up"]]
                        ],
                    ]
                ],
            ],
            "http_filters": filters + [
                ["name": "router", "typed_config": ["@type": type("filters.http.router.v3.Router")]]
            ],
        ]
        return [
            "name": comparison.name, "address": address(port: 0),
            "filter_chains": [["filters": [["name": "manager", "typed_config": manager]]]],
        ]
    }

    private func connectionListener(_ comparison: Comparison) -> [String: Any] {
        let proxy: [String: Any] = [
            "@type": type("filters.network.tcp_proxy.v3.TcpProxy"), "stat_prefix": comparison.name, "cluster": "up",
        ]
        let filters = comparison.scripts.indices.map { filter(comparison, $0, in: "network") }
        return [
            "name": comparison.name, "address": address(port: 0),
            "filter_chains": [["filters": filters + [["name": "proxy", "typed_config": proxy]]]],
        ]
    }

    /// - Parameter kind: `http` or `network`.
    private func filter(_ comparison: Comparison, _ position: Int, in kind: String) -> [String: Any] {
        let name = comparison.filter(position)
        var configuration: [String: Any] = [
            "name": name,
            "vm_config": [
                "vm_id": comparison.vm(position), "runtime": "envoy.wasm.runtime.v8",
                "code": ["local": ["filename": comparison.module ?? guest]],
            ] as [String: Any],
            "configuration": [
                "@type": "type.googleapis.com/google.protobuf.StringValue", "value": comparison.scripts[position],
            ],
        ]
        if comparison.failsOpen { configuration["failure_policy"] = "FAIL_OPEN" }
        return [
            "name": name,
            "typed_config": ["@type": type("filters.\(kind).wasm.v3.Wasm"), "config": configuration] as [String: Any],
        ]
    }

    private func processor(_ comparison: Comparison, _ processing: Processing) -> [String: Any] {
        let bodies = processing.bodies[comparison.name] ?? .asked
        let mode = bodies == .asked ? "NONE" : bodies.rawValue
        let configuration: [String: Any] = [
            "@type": type("filters.http.ext_proc.v3.ExternalProcessor"),
            "grpc_service": [
                "envoy_grpc": ["cluster_name": "airlock"],
                "initial_metadata": [["key": "airlock-chain", "value": comparison.name]],
            ],
            "processing_mode": [
                "request_header_mode": "SEND", "response_header_mode": "SEND", "request_body_mode": mode,
                "response_body_mode": mode, "request_trailer_mode": "SEND", "response_trailer_mode": "SEND",
            ],
            "allow_mode_override": bodies == .asked,
            "request_attributes": ["source.address", "xds.route_name", "xds.cluster_name", "request.protocol"],
            // Filters may hold a request back for longer than the default, which is 200 ms.
            "message_timeout": "5s",
            // Filters may change the method and the authority.
            "mutation_rules": ["allow_all_routing": true],
        ]
        return ["name": "envoy.filters.http.ext_proc", "typed_config": configuration]
    }

    private func type(_ name: String) -> String { "type.googleapis.com/envoy.extensions.\(name)" }
}
