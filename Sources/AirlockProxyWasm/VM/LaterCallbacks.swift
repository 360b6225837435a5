import Airlock
import Wasmtime

/// Callbacks of gRPC calls. They are never called yet, because the host functions
/// that would lead to them refuse (``RefusedFunctions``), but a wrong signature is found when the filter is loaded,
/// as in Envoy's host.
enum LaterCallbacks {
    private struct Callback {
        var name: String
        var parameters: Int
    }

    private static let callbacks = [
        Callback(name: "proxy_on_grpc_receive_initial_metadata", parameters: 3),
        Callback(name: "proxy_on_grpc_receive", parameters: 3),
        Callback(name: "proxy_on_grpc_receive_trailing_metadata", parameters: 3),
        Callback(name: "proxy_on_grpc_close", parameters: 3),
    ]

    static func check(_ version: PluginVersion) throws(PluginError) {
        for callback in callbacks {
            guard let found = version.functionType(of: callback.name) else { continue }
            let expected = FunctionType(
                parameters: Array(repeating: .i32, count: callback.parameters),
                results: []
            )
            guard found == expected else {
                throw version.refusal(
                    .signatureMismatch,
                    "the exported function '\(callback.name)' has the type \(found), expected \(expected)")
            }
        }
    }
}
