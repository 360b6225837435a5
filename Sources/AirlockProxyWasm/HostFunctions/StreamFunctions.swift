import Airlock

/// Going on with, closing and answering a stream (Proxy-Wasm 0.2.1, "Common stream operations", "HTTP streams").
extension ProxyWasmABI {
    /// The longest details of a local reply in bytes.
    static let maximumDetailsBytes = 1024

    static var streamFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_continue_stream") { (abi, call, type: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_continue_stream"), call) { (vm) throws(Refusal) in
                    vm.continueStream(try Direction(httpStream: type))
                }
            },
            HostFunction("proxy_close_stream") { (abi, call, type: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_close_stream", needs: .closeStream), call) { (vm) throws(Refusal) in
                    _ = try Direction(httpStream: type)
                    guard let context = vm.active?.stream else { return }
                    context.stream.refuse(LocalReply(status: 502, details: "closed_by_filter", resetsStream: true))
                    vm.agenda.touch(context.stream)
                }
            },
            HostFunction("proxy_send_local_response") {
                (
                    abi, call, status: UInt32, details: GuestBytes, body: GuestBytes, headers: GuestBytes,
                    grpcStatus: Int32
                ) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_send_local_response", needs: .sendLocalResponse), call) {
                    (vm) throws(Refusal) in
                    let reply = LocalReply(
                        status: status,
                        details: try call.text(details, limit: Self.maximumDetailsBytes),
                        body: try call.copy(body, limit: vm.limits.bodyBytes),
                        headers: try call.replyHeaders(headers, vm),
                        grpcStatus: grpcStatus
                    )
                    guard (200...599).contains(status) else { throw .status(.badArgument) }
                    guard let context = vm.active?.stream else { return }
                    context.stream.refuse(reply)
                    vm.agenda.touch(context.stream)
                }
            },
        ]
    }
}

extension VMState {
    /// Lets go of what the active stream's filter holds back.
    func continueStream(_ direction: Direction) {
        guard let context = active?.stream else { return }
        context[direction].continues = true
        agenda.touch(context.stream)
    }
}

extension Direction {
    /// The direction of an HTTP stream type. TCP streams do not exist here.
    fileprivate init(httpStream rawType: UInt32) throws(Refusal) {
        switch StreamType(rawValue: rawType) {
        case .request: self = .request
        case .response: self = .response
        default: throw .status(.badArgument)
        }
    }
}

extension HostCall {
    fileprivate func text(_ bytes: GuestBytes, limit: Int) throws(Refusal) -> String {
        LogText.make(try copy(bytes, limit: limit))
    }

    fileprivate func replyHeaders(_ bytes: GuestBytes, _ vm: VMState) throws(Refusal) -> HeaderMap {
        let pairs = try read(bytes) { (span) throws(Refusal) in HeaderMapBytes.read(span) }
        let map = try vm.headerRules.map(pairs, type: .responseHeaders)
        guard map[":status"] == nil else { throw .status(.badArgument) }
        return map
    }
}
