public import Airlock

extension ProxyWasmRuntime {
    /// The host functions that filters may import, for tools that compare a module with them. A runtime gives them to every filter that it
    /// loads.
    public static var hostFunctions: any Capability.Type { ProxyWasmABI.self }
}
