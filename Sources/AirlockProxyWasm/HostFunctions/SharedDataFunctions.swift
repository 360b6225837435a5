import Airlock

/// Shared data (Proxy-Wasm 0.2.1, "Shared Key-Value Store").
extension ProxyWasmABI {
    static var sharedDataFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_get_shared_data") {
                (abi, call, key: GuestBytes, pointer: UInt32, size: UInt32, version: UInt32) throws(HostError) -> UInt32
                in
                try abi.answer(Use(name: "proxy_get_shared_data", needs: .getSharedData), call) {
                    (vm) throws(Refusal) in
                    let key = try call.copy(key, limit: vm.limits.sharedData.bytes)
                    guard let value = vm.space.data.get(key) else { throw .status(.notFound) }
                    try call.hand(over: value.bytes, in: vm, to: ValuePlace(pointer: pointer, size: size))
                    try call.store(value.version, at: version)
                }
            },
            HostFunction("proxy_set_shared_data") {
                (abi, call, key: GuestBytes, value: GuestBytes, version: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_set_shared_data", needs: .setSharedData), call) {
                    (vm) throws(Refusal) in
                    let key = try call.copy(key, limit: vm.limits.sharedData.bytes)
                    let value = try call.copy(value, limit: vm.limits.sharedData.bytes)
                    try vm.space.data.set(key, to: value, version: version).orRefuse()
                }
            },
        ]
    }
}

extension Status {
    func orRefuse() throws(Refusal) {
        if self != .ok { throw .status(self) }
    }
}
