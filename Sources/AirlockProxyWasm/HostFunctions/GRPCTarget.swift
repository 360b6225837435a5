/// Which upstream a gRPC call goes to, as a filter names it: by its bare name, or in a message `envoy.config.core.v3.GrpcService` with the
/// name as the cluster of `envoy_grpc`, as Envoy's host takes both.
struct GRPCTarget {
    var upstream: String
    /// Metadata that the message adds to the call's own.
    var metadata: [HeaderMapBytes.Pair] = []

    /// Reads a name or a message.
    /// - Parameter isThere: whether the filter may call the upstream with that name.
    /// - Throws: 4 (parse failure) for what is neither a name nor a message, 2 (bad argument) for a message that names no cluster, as one
    ///   with `google_grpc` does, and 10 (internal failure) for a cluster that is not there: each as Envoy answers it.
    init(_ bytes: [UInt8], isThere: (String) -> Bool) throws(Refusal) {
        let name = String(decoding: bytes, as: UTF8.self)
        if isThere(name) {
            self.init(upstream: name)
            return
        }
        guard let message = ProtobufFields(bytes), let service = ProtobufFields(message.bytes(Field.envoyGRPC)) else {
            throw .status(.parseFailure)
        }
        guard message.has(Field.envoyGRPC), !message.has(Field.googleGRPC),
            let cluster = service.text(Field.clusterName)
        else { throw .status(.badArgument) }
        guard isThere(cluster) else { throw .status(.internalFailure) }
        self.init(upstream: cluster)
        for field in message.all(Field.initialMetadata) {
            guard let header = ProtobufFields(field) else { throw .status(.parseFailure) }
            let value = header.bytes(Field.headerValue)
            metadata.append(
                HeaderMapBytes.Pair(
                    name: header.bytes(Field.headerKey).map(\.lowercasedASCII),
                    value: value.isEmpty ? header.bytes(Field.headerRawValue) : value))
        }
    }

    private init(upstream: String) {
        self.upstream = upstream
    }

    /// Numbers from envoy/config/core/v3/grpc_service.proto and base.proto.
    private enum Field {
        static let envoyGRPC: UInt64 = 1
        static let googleGRPC: UInt64 = 2
        static let initialMetadata: UInt64 = 5
        /// Of `EnvoyGrpc`.
        static let clusterName: UInt64 = 1
        /// Of `HeaderValue`.
        static let headerKey: UInt64 = 1
        static let headerValue: UInt64 = 2
        static let headerRawValue: UInt64 = 3
    }
}
