import Airlock

/// Bodies, data of connections, and configurations (Proxy-Wasm 0.2.1, "Buffers").
extension ProxyWasmABI {
    static var bufferFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_get_buffer_status") {
                (abi, call, type: UInt32, length: UInt32, flags: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_buffer_status"), call) { (vm) throws(Refusal) in
                    let buffer = try vm.buffer(type, bodies: abi.grants.contains(.getBufferStatus))
                    try call.store(UInt32(clamping: buffer.count), at: length)
                    try call.store(UInt32(0), at: flags)
                }
            },
            HostFunction("proxy_get_buffer_bytes") {
                (abi, call, type: UInt32, start: UInt32, length: UInt32, pointer: UInt32, size: UInt32)
                    throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_buffer_bytes"), call) { (vm) throws(Refusal) in
                    let buffer = try vm.buffer(type, bodies: abi.grants.contains(.getBufferBytes))
                    let range = BodyBuffer.range(start: start, length: length, count: buffer.count)
                    try call.hand(over: buffer[range], in: vm, to: ValuePlace(pointer: pointer, size: size))
                }
            },
            HostFunction("proxy_set_buffer_bytes") {
                (abi, call, type: UInt32, start: UInt32, length: UInt32, bytes: GuestBytes) throws(HostError) -> UInt32
                in
                try abi.answer(Use(name: "proxy_set_buffer_bytes", needs: .setBufferBytes), call) {
                    (vm) throws(Refusal) in
                    let (context, direction) = try vm.changeableBody(type)
                    let count = context[direction].body.count
                    let range = BodyBuffer.range(start: start, length: length, count: count)
                    // A body that came in larger may stay as large.
                    guard count - range.count + Int(bytes.count) <= max(vm.limits.madeBodyBytes, count) else {
                        throw .status(.badArgument)
                    }
                    try call.read(bytes) { (span) throws(Refusal) in
                        // The bytes are copied before the view ends.
                        unsafe span.withUnsafeBytes { unsafe context[direction].body.replaceSubrange(range, with: $0) }
                    }
                }
            },
        ]
    }
}

extension VMState {
    /// The buffer to read.
    fileprivate func buffer(_ rawType: UInt32, bodies mayReadBodies: Bool) throws(Refusal) -> [UInt8] {
        guard let type = BufferType(rawValue: rawType) else { throw .status(.badArgument) }
        switch type {
        case .requestBody, .responseBody, .downstreamData, .upstreamData:
            guard mayReadBodies else { throw .status(.internalFailure) }
            guard let context = active?.stream else { throw .status(.notFound) }
            // Where there is nothing of a body yet, or never will be, it is empty, as in Envoy.
            guard let direction = type.direction(in: context.stream), context[direction].showsBody else { return [] }
            return context[direction].body
        case .httpCallResponseBody:
            guard let response = active?.root?.callOuts.response else { throw .status(.notFound) }
            return response.body
        case .grpcCallMessage:
            guard let message = active?.root?.grpcCallOuts.message else { throw .status(.notFound) }
            return message
        case .foreignFunctionArguments:
            guard let arguments = active?.root?.foreignArguments else { throw .status(.notFound) }
            return arguments
        case .vmConfiguration:
            return key.vmConfiguration
        case .pluginConfiguration:
            guard let root = active?.root, root.isConfiguring else { throw .status(.notFound) }
            return root.filter.configuration.configuration
        }
    }

    /// The body to change.
    fileprivate func changeableBody(_ rawType: UInt32) throws(Refusal) -> (StreamContext, Direction) {
        guard let type = BufferType(rawValue: rawType) else { throw .status(.badArgument) }
        switch type {
        case .requestBody, .responseBody, .downstreamData, .upstreamData: break
        case .vmConfiguration, .pluginConfiguration: throw .status(.badArgument)
        default: throw .status(.notFound)
        }
        guard let context = active?.stream else { throw .status(.notFound) }
        guard let direction = type.direction(in: context.stream), context[direction].showsBody else {
            throw .status(.badArgument)
        }
        return (context, direction)
    }
}

extension BufferType {
    /// Which of the stream's directions the buffer is of; nil where it is of none, because the stream is of the other kind.
    fileprivate func direction(in stream: FilterStream) -> Direction? {
        switch self {
        case .requestBody where stream.http != nil, .downstreamData where stream.tcp != nil: .request
        case .responseBody where stream.http != nil, .upstreamData where stream.tcp != nil: .response
        default: nil
        }
    }
}
