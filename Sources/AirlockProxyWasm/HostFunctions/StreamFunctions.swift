import Airlock

/// Going on with, closing and answering a stream (Proxy-Wasm 0.2.1, "Common stream operations", "HTTP streams").
extension ProxyWasmABI {
    /// The longest details of a local reply in bytes.
    static let maximumDetailsBytes = 1024

    static var streamFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_continue_stream") { (abi, call, type: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_continue_stream"), call) { (vm) throws(Refusal) in
                    vm.continueStream(try StreamPart(type))
                }
            },
            HostFunction("proxy_close_stream") { (abi, call, type: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_close_stream", needs: .closeStream), call) { (vm) throws(Refusal) in
                    let part = try StreamPart(type)
                    guard let stream = vm.active?.stream?.stream else { return }
                    switch part.kind {
                    case .http:
                        stream.http?.refuse(LocalReply(status: 502, details: "closed_by_filter", resetsStream: true))
                    case .tcp:
                        stream.tcp?.close(details: "closed_by_filter")
                    }
                    vm.agenda.touch(stream)
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
                        status: LocalReply.finalStatus(status),
                        details: try call.text(details, limit: Self.maximumDetailsBytes),
                        body: try call.copy(body, limit: vm.limits.madeBodyBytes),
                        headers: try call.replyHeaders(headers, vm),
                        grpcStatus: grpcStatus
                    )
                    // For a connection there is nothing to reply, as in Envoy.
                    guard let stream = vm.active?.stream?.stream.http else { return }
                    stream.refuse(reply)
                    vm.agenda.touch(stream)
                }
            },
        ]
    }
}

extension VMState {
    /// Lets go of what the active stream's filter holds back. Nothing happens where the stream is of the other kind, as in Envoy.
    func continueStream(_ part: StreamPart) {
        guard let context = active?.stream, (context.stream.tcp == nil) == (part.kind == .http) else { return }
        context[part.direction].continues = true
        agenda.touch(context.stream)
    }
}

/// What a stream type names.
struct StreamPart {
    enum Kind {
        case http
        case tcp
    }

    let kind: Kind
    let direction: Direction

    static let request = Self(kind: .http, direction: .request)
    static let response = Self(kind: .http, direction: .response)

    fileprivate init(_ rawType: UInt32) throws(Refusal) {
        switch StreamType(rawValue: rawType) {
        case .request: self = .request
        case .response: self = .response
        case .downstream: self.init(kind: .tcp, direction: .request)
        case .upstream: self.init(kind: .tcp, direction: .response)
        case nil: throw .status(.badArgument)
        }
    }

    private init(kind: Kind, direction: Direction) {
        self.kind = kind
        self.direction = direction
    }
}

extension HostCall {
    fileprivate func text(_ bytes: GuestBytes, limit: Int) throws(Refusal) -> String {
        LogText.make(try copy(bytes, limit: limit))
    }

    fileprivate func replyHeaders(_ bytes: GuestBytes, _ vm: VMState) throws(Refusal) -> HeaderMap {
        let pairs = try read(bytes) { (span) throws(Refusal) in HeaderMapBytes.read(span) }
        // The status is an argument of its own: pseudo headers are passed over, as in Envoy.
        return try vm.headerRules.map(pairs.filter { $0.name.first != UInt8(ascii: ":") }, type: .responseHeaders)
    }
}
