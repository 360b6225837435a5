import Foundation

/// An Envoy bootstrap with one listener that answers behind filters.
struct EnvoyBootstrap {
    let filters: Int
    let guest: String
    let port: Int

    func json() throws -> Data {
        let listener: [String: Any] = [
            "name": "listener",
            "address": ["socket_address": ["address": "127.0.0.1", "port_value": port]],
            "filter_chains": [["filters": [["name": "manager", "typed_config": manager]]]],
        ]
        return try JSONSerialization.data(withJSONObject: ["static_resources": ["listeners": [listener]]])
    }

    private var manager: [String: Any] {
        let route: [String: Any] = [
            "match": ["prefix": "/"], "direct_response": ["status": 200, "body": ["inline_string": "ok"]],
        ]
        let router: [String: Any] = [
            "name": "router", "typed_config": ["@type": type("filters.http.router.v3.Router")],
        ]
        return [
            "@type": type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
            "stat_prefix": "manager", "codec_type": "HTTP1",
            "route_config": ["virtual_hosts": [["name": "all", "domains": ["*"], "routes": [route]]]],
            "http_filters": (0..<filters).map(filter) + [router],
        ]
    }

    private func filter(_ number: Int) -> [String: Any] {
        let virtualMachine: [String: Any] = [
            "vm_id": "vm-\(number)", "runtime": "envoy.wasm.runtime.v8", "code": ["local": ["filename": guest]],
        ]
        let configuration: [String: Any] = ["name": "filter-\(number)", "vm_config": virtualMachine]
        return [
            "name": "filter-\(number)",
            "typed_config": ["@type": type("filters.http.wasm.v3.Wasm"), "config": configuration] as [String: Any],
        ]
    }

    private func type(_ name: String) -> String { "type.googleapis.com/envoy.extensions.\(name)" }
}
