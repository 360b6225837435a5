import AirlockProxyWasm
import AsyncAlgorithms
import ExternalProcessingMessages
import GRPCCore
import GRPCProtobuf
import Synchronization

/// The service that Envoys call: a stream for each HTTP request, whose parts come as messages, each of which is answered.
final class ExternalProcessor: RegistrableRPCService {
    private let configuration: ExternalProcessingConfiguration
    private let chains: ProcessingChains
    private let terms: ProcessingTerms
    private let open = Atomic<Int>(0)

    init(_ configuration: ExternalProcessingConfiguration, chains: ProcessingChains, terms: ProcessingTerms) {
        self.configuration = configuration
        self.chains = chains
        self.terms = terms
    }

    private static let method = MethodDescriptor(
        fullyQualifiedService: "envoy.service.ext_proc.v3.ExternalProcessor", method: "Process")

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.method,
            deserializer: ProtobufDeserializer<EnvoyProcessingRequest>(),
            serializer: ProtobufSerializer<EnvoyProcessingResponse>()
        ) { request, context in
            let chain = try self.chains.chain(request.metadata)
            return StreamingServerResponse { writer in
                try await self.process(request.messages, through: chain.current, writer, context)
                return [:]
            }
        }
    }

    /// Serves one stream, unless there are too many, for as long as it may take and as its client is there.
    private func process(
        _ messages: RPCAsyncSequence<EnvoyProcessingRequest, any Error>, through chain: HTTPFilterChain,
        _ writer: RPCWriter<EnvoyProcessingResponse>, _ context: ServerContext
    ) async throws {
        defer { open.subtract(1, ordering: .relaxed) }
        guard open.add(1, ordering: .relaxed).newValue <= configuration.streams else {
            throw RPCError(
                code: .resourceExhausted, message: "\(configuration.streams) streams are open, which is the most")
        }
        let (deadline, terms) = (configuration.deadline, terms)
        let received = ProcessedStream.Messages()
        // True says that the stream has ended.
        try await withThrowingTaskGroup(of: Bool.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask {
                do {
                    for try await message in messages { await received.send(message) }
                    received.finish()
                } catch {
                    received.fail(error)
                }
                return false
            }
            tasks.addTask {
                try await ProcessedStream(chain: chain, terms: terms, writer: writer).run(received)
                return true
            }
            tasks.addTask {
                try await Task.sleep(for: deadline)
                throw RPCError(code: .deadlineExceeded, message: "the stream took longer than \(deadline)")
            }
            // The task is not cancelled when the client goes away.
            tasks.addTask { [cancellation = context.cancellation] in
                try await cancellation.cancelled
                throw RPCError(code: .cancelled, message: "the stream was cancelled")
            }
            while try await tasks.next() == false {}
        }
    }
}

/// What streams are served by, beside the filters.
struct ProcessingTerms: Sendable {
    let bounds: RequestBounds
    let canaryKey: CanaryKey
    let metrics: GatewayMetrics
    let reporting: @Sendable (RequestReport) -> Void
    let missing: MissingBodies
}
