import Airlock

/// Calling functions beyond the ABI by name (Proxy-Wasm 0.2.1, "Foreign function interface (FFI)").
extension ProxyWasmABI {
    static var foreignFunctionFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_call_foreign_function") {
                (abi, call, name: GuestBytes, arguments: GuestBytes, pointer: UInt32, size: UInt32) throws(HostError)
                    -> UInt32 in
                try abi.answer(Use(name: "proxy_call_foreign_function", needs: .callForeignFunction), call) {
                    (vm) throws(Refusal) in
                    let place = ValuePlace(pointer: pointer, size: size)
                    let body = try abi.foreignFunction(name, call, vm)
                    let arguments = try call.copy(arguments, limit: vm.limits.foreignFunctionBytes)
                    let result: [UInt8]
                    do throws(ForeignFunctionError) {
                        result = try body(ForeignFunctionCall(arguments, in: vm))
                    } catch {
                        try call.hand(overWanted: [], in: vm, to: place)
                        throw .status(error.status)
                    }
                    guard result.count <= vm.limits.foreignFunctionBytes else { throw .status(.internalFailure) }
                    try call.hand(overWanted: result, in: vm, to: place)
                }
            }
        ]
    }

    /// A function that there is and that was granted.
    private func foreignFunction(
        _ name: GuestBytes, _ call: borrowing HostCall, _ vm: VMState
    ) throws(Refusal) -> ForeignFunctions.Body {
        guard name.count <= ForeignFunctions.maximumNameBytes else { throw .status(.notFound) }
        let name = String(decoding: try call.copy(name), as: UTF8.self)
        guard foreignFunctions?.contains(name) ?? true, let body = vm.foreignFunctions[name] else {
            throw .status(.notFound)
        }
        return body
    }
}
