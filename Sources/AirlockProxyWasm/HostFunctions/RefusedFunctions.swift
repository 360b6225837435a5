import Airlock

/// Parts of the ABI that this module does not run yet: gRPC call-outs. They are linked, so that filters which import
/// them load, and answer 12 (unimplemented).
///
/// Whoever adds one of them moves it from here into a file of its own, together with its callbacks in
/// ``LaterCallbacks``.
extension ProxyWasmABI {
    static var refusedFunctions: [HostFunction<Self>] {
        [
            // gRPC call-outs
            HostFunction("proxy_get_status") {
                (abi, call, _: UInt32, _: UInt32, _: UInt32) throws(HostError) -> UInt32 in
                try abi.refuse("proxy_get_status", call)
            },
            HostFunction("proxy_grpc_call") {
                (
                    abi, call, _: GuestBytes, _: GuestBytes, _: GuestBytes, _: GuestBytes, _: GuestBytes, _: UInt32,
                    _: UInt32
                ) throws(HostError) -> UInt32 in
                try abi.refuse("proxy_grpc_call", call)
            },
            HostFunction("proxy_grpc_stream") {
                (
                    abi, call, _: GuestBytes, _: GuestBytes, _: GuestBytes, _: GuestBytes, _: UInt32
                ) throws(HostError) -> UInt32 in
                try abi.refuse("proxy_grpc_stream", call)
            },
            HostFunction("proxy_grpc_send") {
                (abi, call, _: UInt32, _: GuestBytes, _: UInt32) throws(HostError) -> UInt32 in
                try abi.refuse("proxy_grpc_send", call)
            },
            HostFunction("proxy_grpc_cancel") { (abi, call, _: UInt32) throws(HostError) -> UInt32 in
                try abi.refuse("proxy_grpc_cancel", call)
            },
            HostFunction("proxy_grpc_close") { (abi, call, _: UInt32) throws(HostError) -> UInt32 in
                try abi.refuse("proxy_grpc_close", call)
            },
        ]
    }

    private func refuse(_ name: String, _ call: borrowing HostCall) throws(HostError) -> UInt32 {
        try answer(Use(name: name), call) { (_) throws(Refusal) in throw .status(.unimplemented) }
    }
}
