import AirlockProxyWasm

/// Makes the gRPC calls that filters ask upstreams for.
struct UpstreamGRPCCallOuts: GRPCCallOutClient {
    let clients: [String: UpstreamClient]

    var upstreams: Set<String> { Set(clients.keys) }

    func call(
        _ call: GRPCCallOut, to upstream: String, sending messages: GRPCCallOutMessages,
        receiving receive: @escaping @Sendable (GRPCCallOutPart) async throws -> Void
    ) async throws -> GRPCCallOutEnd {
        guard let client = clients[upstream] else { throw GatewayError(reasons: ["no upstream \"\(upstream)\""]) }
        return try await client.grpc.call(call, sending: messages, receiving: receive)
    }
}
