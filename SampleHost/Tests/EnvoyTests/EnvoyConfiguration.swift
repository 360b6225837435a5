import Foundation

/// An Envoy bootstrap with a listener and a chain for each comparison, and one upstream.
struct EnvoyConfiguration {
    let comparisons: [Comparison]
    /// The scripted guest's module.
    let guest: String
    let upstreamPort: Int

    func json() throws -> Data {
        try JSONSerialization.data(withJSONObject: [
            "admin": ["address": address(port: 0)],
            "static_resources": ["listeners": comparisons.map(listener), "clusters": [cluster]],
        ])
    }

    private func address(port: Int) -> [String: Any] {
        ["socket_address": ["address": "127.0.0.1", "port_value": port]]
    }

    private var cluster: [String: Any] {
        [
            "name": "up", "type": "STATIC",
            "load_assignment": [
                "cluster_name": "up",
                "endpoints": [["lb_endpoints": [["endpoint": ["address": address(port: upstreamPort)]]]]],
            ],
        ]
    }

    private func listener(_ comparison: Comparison) -> [String: Any] {
        let filters = comparison.scripts.indices.map { filter(comparison, $0) }
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

    private func filter(_ comparison: Comparison, _ position: Int) -> [String: Any] {
        let name = comparison.filter(position)
        var configuration: [String: Any] = [
            "name": name,
            "vm_config": [
                "vm_id": name, "runtime": "envoy.wasm.runtime.v8", "code": ["local": ["filename": guest]],
            ] as [String: Any],
            "configuration": [
                "@type": "type.googleapis.com/google.protobuf.StringValue", "value": comparison.scripts[position],
            ],
        ]
        if comparison.failsOpen { configuration["failure_policy"] = "FAIL_OPEN" }
        return [
            "name": name,
            "typed_config": ["@type": type("filters.http.wasm.v3.Wasm"), "config": configuration] as [String: Any],
        ]
    }

    private func type(_ name: String) -> String { "type.googleapis.com/envoy.extensions.\(name)" }
}
