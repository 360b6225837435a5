import Airlock

/// HTTP calls to the service's upstreams (Proxy-Wasm 0.2.1, "HTTP calls").
extension ProxyWasmABI {
    static var callOutFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_http_call") {
                (
                    abi, call, upstream: GuestBytes, headers: GuestBytes, body: GuestBytes, trailers: GuestBytes,
                    timeout: UInt32, result: UInt32
                ) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_http_call", needs: .httpCall), call) { (vm) throws(Refusal) in
                    let upstream = try abi.upstream(upstream, call, vm)
                    let request = HTTPCallOut(
                        headers: try call.map(headers, .requestHeaders, vm),
                        body: try call.copy(body, limit: vm.limits.bodyBytes),
                        trailers: try call.map(trailers, .requestTrailers, vm),
                        timeout: vm.limits.callOutTimeout(milliseconds: timeout),
                        responseBytes: vm.limits.callOutResponseBytes
                    )
                    guard [":method", ":path", ":authority"].allSatisfy({ request.headers[$0] != nil }) else {
                        throw .status(.badArgument)
                    }
                    // Also a stream's call goes out from the filter's own context.
                    guard let root = vm.active?.root, root.openCalls < vm.limits.callOuts else {
                        throw .status(.internalFailure)
                    }
                    try call.charge(request)
                    let id = vm.nextCallOut(.http)
                    try call.store(id, at: result)
                    root.callOuts.note(id)
                    vm.agenda.callOuts.append(.init(id: id, root: root, upstream: upstream, request: request))
                }
            }
        ]
    }

    /// The name of an upstream that there is and that was granted.
    private func upstream(_ name: GuestBytes, _ call: borrowing HostCall, _ vm: VMState) throws(Refusal) -> String {
        let name = String(decoding: try call.copy(name, limit: Self.maximumUpstreamBytes), as: UTF8.self)
        guard vm.upstreams.contains(name), upstreams?.contains(name) ?? true else { throw .status(.badArgument) }
        return name
    }

    /// The longest name of an upstream in bytes.
    private static let maximumUpstreamBytes = 1024
}

extension HostCall {
    fileprivate func map(_ bytes: GuestBytes, _ type: MapType, _ vm: VMState) throws(Refusal) -> HeaderMap {
        let pairs = try read(bytes) { (span) throws(Refusal) in HeaderMapBytes.read(span) }
        return try vm.headerRules.map(pairs, type: type)
    }
}

extension HostCall {
    fileprivate func charge(_ request: HTTPCallOut) throws(Refusal) {
        try chargeCallOut(request.headers.byteCount + request.body.count + request.trailers.byteCount)
    }

    /// Counts bytes that leave with a call.
    func chargeCallOut(_ bytes: Int) throws(Refusal) {
        do { try charge(bytes, to: .egressBytes) } catch { throw .stop(error) }
    }
}

extension ProxyWasmRuntimeLimits {
    /// How long a filter waits that asked for so many milliseconds; 0 is as long as may be.
    func callOutTimeout(milliseconds: UInt32) -> Duration {
        milliseconds == 0 ? callOutTimeout : min(.milliseconds(Int64(milliseconds)), callOutTimeout)
    }
}
