import Airlock

/// gRPC calls to the service's upstreams (Proxy-Wasm 0.2.1, "gRPC calls"), and how calls ended.
extension ProxyWasmABI {
    static var grpcFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_grpc_call") {
                (
                    abi, call, target: GuestBytes, service: GuestBytes, method: GuestBytes, metadata: GuestBytes,
                    message: GuestBytes, timeout: UInt32, result: UInt32
                ) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_grpc_call", needs: .grpcCall), call) { (vm) throws(Refusal) in
                    let asked = try abi.begin(.grpcCall, target, service, method, metadata, call, vm)
                    let message = try call.copy(message, limit: vm.limits.bodyBytes)
                    asked.line.append(message)
                    asked.line.finish()
                    try call.ask(
                        asked, message.count, timeout: vm.limits.callOutTimeout(milliseconds: timeout), at: result, vm)
                }
            },
            HostFunction("proxy_grpc_stream") {
                (
                    abi, call, target: GuestBytes, service: GuestBytes, method: GuestBytes, metadata: GuestBytes,
                    result: UInt32
                ) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_grpc_stream", needs: .grpcStream), call) { (vm) throws(Refusal) in
                    let asked = try abi.begin(.grpcStream, target, service, method, metadata, call, vm)
                    try call.ask(asked, 0, timeout: nil, at: result, vm)
                }
            },
            HostFunction("proxy_grpc_send") {
                (abi, call, id: UInt32, message: GuestBytes, end: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_grpc_send", needs: .grpcSend), call) { (vm) throws(Refusal) in
                    let message = try call.copy(message, limit: vm.limits.bodyBytes)
                    guard CallOutKind(of: id) == .grpcStream, let calls = vm.active?.root?.grpcCallOuts,
                        let line = try calls.line(of: id)
                    else { throw .status(.badArgument) }
                    guard line.hasRoom(for: message.count) else { throw .status(.internalFailure) }
                    try call.chargeCallOut(message.count)
                    line.append(message)
                    if end != 0 { try calls.close(id) }
                }
            },
            HostFunction("proxy_grpc_cancel") { (abi, call, id: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_grpc_cancel"), call) { (vm) throws(Refusal) in
                    try vm.checkIsGRPC(id)
                    try vm.cancelGRPC(id)
                }
            },
            // The end of the guest's side of a stream; a unary call has none, and is given up.
            HostFunction("proxy_grpc_close") { (abi, call, id: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_grpc_close"), call) { (vm) throws(Refusal) in
                    try vm.checkIsGRPC(id)
                    if CallOutKind(of: id) == .grpcCall { return try vm.cancelGRPC(id) }
                    try vm.active?.root?.grpcCallOuts.close(id)
                }
            },
            HostFunction("proxy_get_status") {
                (abi, call, code: UInt32, pointer: UInt32, size: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_status"), call) { (vm) throws(Refusal) in
                    let status = vm.active?.root?.status ?? CallStatus()
                    try call.store(status.code, at: code)
                    try call.hand(
                        over: Array(status.message.utf8), in: vm, to: ValuePlace(pointer: pointer, size: size))
                }
            },
        ]
    }

    /// A call that was described, and has no number yet.
    fileprivate struct Described {
        let kind: CallOutKind
        let root: RootContext
        let upstream: String
        let call: GRPCCallOut
        let line: GRPCMessageLine
    }

    /// The longest target, service or method in bytes.
    private static let maximumNameBytes = 1024
    private static let maximumTargetBytes = 16 << 10

    private func begin(
        _ kind: CallOutKind, _ target: GuestBytes, _ service: GuestBytes, _ method: GuestBytes, _ metadata: GuestBytes,
        _ call: borrowing HostCall, _ vm: VMState
    ) throws(Refusal) -> Described {
        let target = try GRPCTarget(try call.copy(target, limit: Self.maximumTargetBytes)) { name in
            vm.grpcUpstreams.contains(name) && upstreams?.contains(name) ?? true
        }
        let pairs = try call.read(metadata) { (span) throws(Refusal) in HeaderMapBytes.read(span) }
        let described = GRPCCallOut(
            service: try call.pathPart(service, limit: Self.maximumNameBytes),
            method: try call.pathPart(method, limit: Self.maximumNameBytes),
            metadata: try vm.headerRules.map(pairs + target.metadata, type: .grpcCallInitialMetadata),
            timeout: nil,
            messageBytes: vm.limits.callOutResponseBytes)
        // Also a stream's call goes out from the filter's own context.
        guard let root = vm.active?.root, root.openCalls < vm.limits.callOuts else { throw .status(.internalFailure) }
        return Described(
            kind: kind, root: root, upstream: target.upstream, call: described,
            line: GRPCMessageLine(limit: vm.limits.bodyBytes))
    }
}

extension HostCall {
    /// Text that can be a part of a path and nothing more.
    fileprivate func pathPart(_ bytes: GuestBytes, limit: Int) throws(Refusal) -> String {
        let bytes = try copy(bytes, limit: limit)
        let text = String(decoding: bytes, as: UTF8.self)
        guard !["", ".", ".."].contains(text), bytes.allSatisfy(\.isUnreserved) else { throw .status(.badArgument) }
        return text
    }

    /// Notes a call, and tells the guest its number.
    fileprivate func ask(
        _ described: ProxyWasmABI.Described, _ messageCount: Int, timeout: Duration?, at result: UInt32, _ vm: VMState
    ) throws(Refusal) {
        var call = described.call
        call.timeout = timeout
        try chargeCallOut(
            call.service.utf8.count + call.method.utf8.count + call.metadata.byteCount + messageCount)
        let id = vm.nextCallOut(described.kind)
        try store(id, at: result)
        described.root.grpcCallOuts.note(id, described.line)
        vm.agenda.grpcCallOuts.append(
            .init(
                id: id, root: described.root, upstream: described.upstream, call: call,
                messages: GRPCCallOutMessages(line: described.line)))
    }
}

extension VMState {
    fileprivate func checkIsGRPC(_ id: UInt32) throws(Refusal) {
        guard let kind = CallOutKind(of: id), kind != .http else { throw .status(.badArgument) }
    }

    fileprivate func cancelGRPC(_ id: UInt32) throws(Refusal) {
        guard let root = active?.root else { throw .status(.notFound) }
        guard try !root.grpcCallOuts.cancel(id) else { return }
        agenda.grpcCallOuts.removeAll { $0.id == id && $0.root === root }
        root.grpcCallOuts.taskEnded()
    }
}

extension UInt8 {
    /// Whether the byte is an unreserved character of RFC 3986, section 2.3.
    fileprivate var isUnreserved: Bool {
        switch self {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }
}
