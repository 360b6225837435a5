import AirlockProxyWasm
import ExternalProcessingMessages
import Foundation
import GRPCCore
import GRPCNIOTransportHTTP2Posix
import GRPCProtobuf
import Gateway
import ServiceLifecycle
import SwiftProtobuf
import Testing

/// A gateway that serves as an external processor, and a gRPC client in Envoy's place.
struct ProcessingService: Sendable {
    private let address: ListenAddress
    private let security: Security
    private let client: GRPCClient<HTTP2ClientTransport.Posix>
    /// What the gateway reports of streams that have ended.
    let reports: AsyncStream<RequestReport>

    typealias Security = HTTP2ClientTransport.Posix.TransportSecurity

    /// Serves on a free port while `body` runs.
    static func with(
        _ plugins: [PluginConfiguration], client security: Security = .plaintext,
        _ change: (inout ExternalProcessingConfiguration) -> Void = { _ in },
        _ body: @Sendable (ProcessingService) async throws -> Void
    ) async throws {
        var processing = ExternalProcessingConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0), filters: plugins.map(\.filter.name))
        change(&processing)
        let configuration = GatewayConfiguration(
            listeners: [], workers: 1, plugins: plugins, routes: [], externalProcessing: processing)
        let reports = AsyncStream<RequestReport>.makeStream()
        let gateway = try await Gateway(configuration, logger: RunningGateway.logger) { reports.continuation.yield($0) }
        let group = ServiceGroup(configuration: .init(services: [gateway], logger: RunningGateway.logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            guard let address = await gateway.externalProcessingAddress else { return try await tasks.waitForAll() }
            try await connect(to: address, security, reports.stream, body)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private static func connect(
        to address: ListenAddress, _ security: Security, _ reports: AsyncStream<RequestReport>,
        _ body: @Sendable (ProcessingService) async throws -> Void
    ) async throws {
        let transport = try HTTP2ClientTransport.Posix(
            target: .ipv4(address: address.host, port: address.port), transportSecurity: security)
        try await withGRPCClient(transport: transport) { client in
            try await body(ProcessingService(address: address, security: security, client: client, reports: reports))
        }
    }

    /// The same gateway through a connection of its own.
    func withConnection(
        _ security: Security? = nil, _ body: @Sendable (ProcessingService) async throws -> Void
    ) async throws {
        try await Self.connect(to: address, security ?? self.security, reports, body)
    }

    /// Opens a stream for the length of `body`.
    /// - Parameters:
    ///   - chain: the name of the chain that it asks for.
    ///   - waits: whether to wait for a connection where there is none.
    func stream<Value: Sendable>(
        _ chain: String? = nil, waits: Bool = true, _ body: @escaping @Sendable (inout Exchange) async throws -> Value
    ) async throws -> Value {
        let requests = AsyncStream<EnvoyProcessingRequest>.makeStream()
        var options = CallOptions.defaults
        options.waitForReady = waits
        return try await client.bidirectionalStreaming(
            request: StreamingClientRequest(metadata: chain.map { ["airlock-chain": "\($0)"] } ?? [:]) { writer in
                for await request in requests.stream { try await writer.write(request) }
            },
            descriptor: MethodDescriptor(
                fullyQualifiedService: "envoy.service.ext_proc.v3.ExternalProcessor", method: "Process"),
            serializer: ProtobufSerializer<EnvoyProcessingRequest>(),
            deserializer: ProtobufDeserializer<EnvoyProcessingResponse>(),
            options: options
        ) { response in
            defer { requests.continuation.finish() }
            var exchange = Exchange(
                requests: requests.continuation, responses: response.messages.makeAsyncIterator())
            return try await body(&exchange)
        }
    }

    /// The two sides of a stream.
    struct Exchange {
        fileprivate let requests: AsyncStream<EnvoyProcessingRequest>.Continuation
        fileprivate var responses: RPCAsyncSequence<EnvoyProcessingResponse, any Error>.AsyncIterator

        func send(_ request: EnvoyProcessingRequest) { requests.yield(request) }

        /// Says that there are no more messages.
        func close() { requests.finish() }

        /// The next answer; nil at the end of the stream.
        mutating func receive() async throws -> EnvoyProcessingResponse? {
            try await responses.next(isolation: #isolation)
        }

        mutating func answer(to request: EnvoyProcessingRequest) async throws -> EnvoyProcessingResponse {
            send(request)
            return try #require(try await receive())
        }
    }
}

extension EnvoyProcessingRequest {
    typealias Mode = EnvoyProcessingMode.BodySendMode

    static func requestHeaders(
        _ fields: [(String, String)] = [], endOfStream: Bool = false, modes: (Mode, Mode)? = nil
    ) -> Self {
        var request = Self()
        let own = [
            (":authority", "host"), (":path", "/"), (":method", endOfStream ? "GET" : "POST"), (":scheme", "http"),
        ]
        request.requestHeaders.headers = EnvoyHeaderMap(own + fields)
        request.requestHeaders.endOfStream = endOfStream
        if let modes {
            request.protocolConfig.requestBodyMode = modes.0
            request.protocolConfig.responseBodyMode = modes.1
        }
        return request
    }

    static func responseHeaders(
        _ status: Int = 200, _ fields: [(String, String)] = [], endOfStream: Bool = false
    ) -> Self {
        var request = Self()
        request.responseHeaders.headers = EnvoyHeaderMap([(":status", "\(status)")] + fields)
        request.responseHeaders.endOfStream = endOfStream
        return request
    }

    static func requestBody(_ text: String, endOfStream: Bool) -> Self {
        var request = Self()
        request.requestBody.body = Data(text.utf8)
        request.requestBody.endOfStream = endOfStream
        return request
    }

    static func responseBody(_ text: String, endOfStream: Bool) -> Self {
        var request = Self()
        request.responseBody.body = Data(text.utf8)
        request.responseBody.endOfStream = endOfStream
        return request
    }

    static func responseTrailers(_ fields: [(String, String)]) -> Self {
        var request = Self()
        request.responseTrailers.trailers = EnvoyHeaderMap(fields)
        return request
    }
}

extension EnvoyHeaderMap {
    init(_ fields: [(String, String)]) {
        self.init()
        headers = fields.map { name, value in
            var field = EnvoyHeaderValue()
            field.key = name
            field.rawValue = Data(value.utf8)
            return field
        }
    }
}

extension EnvoyHeaderMutation {
    /// One change a line: `-name`, `name=value` in place of what there is, `+name=value` beside it.
    var changes: [String] {
        removeHeaders.map { "-\($0)" }
            + setHeaders.map { option in
                let isAdded = option.appendAction == .appendIfExistsOrAdd && option.append.value
                let isReplaced = option.appendAction == .overwriteIfExistsOrAdd && !option.hasAppend
                let mark = isAdded ? "+" : isReplaced ? "" : "?"
                return "\(mark)\(option.header.key)=\(String(decoding: option.header.rawValue, as: UTF8.self))"
            }
    }
}

extension EnvoyBodyMutation {
    /// What takes the part's place; nil where it stays.
    var text: String? {
        switch mutation {
        case .body(let bytes): String(decoding: bytes, as: UTF8.self)
        case .clearBody_p(true): ""
        case .clearBody_p(false), .streamedResponse, nil: nil
        }
    }
}
