import Airlock
import Wasmtime

/// Callbacks of gRPC calls and TCP. They are never called yet, because the host functions
/// that would lead to them refuse (``RefusedFunctions``), but a wrong signature is found when the filter is loaded,
/// as in Envoy's host.
enum LaterCallbacks {
    private struct Callback {
        var name: String
        var parameters: Int
        var hasResult = false
    }

    private static let callbacks = [
        Callback(name: "proxy_on_grpc_receive_initial_metadata", parameters: 3),
        Callback(name: "proxy_on_grpc_receive", parameters: 3),
        Callback(name: "proxy_on_grpc_receive_trailing_metadata", parameters: 3),
        Callback(name: "proxy_on_grpc_close", parameters: 3),
        Callback(name: "proxy_on_new_connection", parameters: 1, hasResult: true),
        Callback(name: "proxy_on_downstream_data", parameters: 3, hasResult: true),
        Callback(name: "proxy_on_upstream_data", parameters: 3, hasResult: true),
        Callback(name: "proxy_on_downstream_connection_close", parameters: 2),
        Callback(name: "proxy_on_upstream_connection_close", parameters: 2),
    ]

    static func check(_ version: PluginVersion) throws(PluginError) {
        for callback in callbacks {
            guard let found = version.functionType(of: callback.name) else { continue }
            let expected = FunctionType(
                parameters: Array(repeating: .i32, count: callback.parameters),
                results: callback.hasResult ? [.i32] : []
            )
            guard found == expected else {
                throw version.refusal(
                    .signatureMismatch,
                    "the exported function '\(callback.name)' has the type \(found), expected \(expected)")
            }
        }
    }
}
