import Airlock

/// Functions that were part of the ABI until 0.1.0 (Proxy-Wasm 0.1.0, "Functions implemented in the host environment").
extension ProxyWasmABI {
    static var oldFunctions: [HostFunction<Self>] {
        [
            // The filter's configuration while it is configured, and that of the virtual machine otherwise.
            HostFunction("proxy_get_configuration") {
                (abi, call, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_configuration"), call) { (vm) throws(Refusal) in
                    let root = vm.active?.root
                    let bytes =
                        root?.isConfiguring == true
                        ? root?.filter.configuration.configuration : vm.key.vmConfiguration
                    try call.hand(over: bytes ?? [], in: vm, to: ValuePlace(pointer: pointer, size: size))
                }
            },
            HostFunction("proxy_continue_request") { (abi, call) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_continue_request"), call) { (vm) throws(Refusal) in
                    vm.continueStream(.request)
                }
            },
            HostFunction("proxy_continue_response") { (abi, call) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_continue_response"), call) { (vm) throws(Refusal) in
                    vm.continueStream(.response)
                }
            },
            HostFunction("proxy_clear_route_cache") { (abi, call) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_clear_route_cache", needs: .clearRouteCache), call) {
                    (vm) throws(Refusal) in
                    guard abi.foreignFunctions?.contains("clear_route_cache") ?? true,
                        let function = vm.foreignFunctions["clear_route_cache"]
                    else { throw .status(.internalFailure) }
                    do throws(ForeignFunctionError) {
                        _ = try function(ForeignFunctionCall([], in: vm))
                    } catch {
                        throw .status(error.status)
                    }
                }
            },
        ]
    }
}
