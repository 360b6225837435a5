import Gateway
import GRPCCore
import GRPCNIOTransportHTTP2Posix

/// A real gRPC server behind the gateway whose messages are texts.
///
/// `test.Auth/Check` says who may pass: `ann`, and no one for the message `no`. `test.Auth/Talk` answers each message with itself and an
/// exclamation mark, and `over` after the last one; ``endings`` tells whether the last one came or the call was cut.
struct TestGRPCUpstream: RegistrableRPCService {
    static let service = "test.Auth"

    /// How calls of `Talk` ended.
    let endings = AsyncStream<String>.makeStream()

    /// Starts a server on a free port, runs `body` with it and its address, and stops it.
    static func with<Value: Sendable>(
        _ body: @Sendable (TestGRPCUpstream, ListenAddress) async throws -> Value
    ) async throws -> Value {
        let upstream = TestGRPCUpstream()
        let transport = HTTP2ServerTransport.Posix(
            address: .ipv4(host: "127.0.0.1", port: 0), transportSecurity: .plaintext)
        return try await withGRPCServer(transport: transport, services: [upstream]) { server in
            let port = try await server.listeningAddress?.ipv4?.port ?? 0
            return try await body(upstream, ListenAddress(host: "127.0.0.1", port: port))
        }
    }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.service, method: "Check"),
            deserializer: Texts(), serializer: Texts()
        ) { request, _ in
            let question = try await request.messages.reduce("", +)
            guard question != "no" else { throw RPCError(code: .permissionDenied, message: "not you") }
            let caller = Array(request.metadata[stringValues: "x-caller"]).joined()
            return StreamingServerResponse { writer in
                try await writer.write("ann, \(question) of \(caller)")
                return [:]
            }
        }
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.service, method: "Talk"),
            deserializer: Texts(), serializer: Texts()
        ) { request, _ in
            StreamingServerResponse(metadata: ["x-i": "hello"]) { writer in
                do {
                    for try await message in request.messages { try await writer.write("\(message)!") }
                    try Task.checkCancellation()
                } catch {
                    endings.continuation.yield("cut")
                    throw error
                }
                endings.continuation.yield("complete")
                try await writer.write("over")
                return ["x-t": "bye"]
            }
        }
    }
}

private struct Texts: MessageSerializer, MessageDeserializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: String) throws -> Bytes { Bytes(message.utf8) }

    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> String {
        // The bytes are copied before the view ends.
        unsafe serializedMessageBytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
