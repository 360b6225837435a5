import AirlockProxyWasm
import ExternalProcessingMessages
import GRPCCore

/// How Envoy sends the bodies of a stream, and how it is asked to.
struct ProcessingModes: Sendable {
    private typealias BodyMode = EnvoyProcessingMode.BodySendMode

    private struct Half {
        let filtersBody: Bool
        /// What Envoy's configuration has; nil where it does not say.
        let configured: BodyMode?

        /// What there is once Envoy follows what it is asked. Without need nothing is asked, and with it what is configured is kept.
        var mode: BodyMode? { filtersBody && configured == .some(BodyMode.none) ? .streamed : configured }

        /// Whether a body is sent, or must be.
        var hasBody: Bool { filtersBody || configured != .some(BodyMode.none) }

        var asked: BodyMode { filtersBody ? mode ?? .streamed : .none }
    }

    private let request: Half
    private let response: Half
    /// Whether Envoy sends bodies without waiting to be asked.
    private let isFixed: Bool

    /// - Parameter first: the first message of the stream, which has Envoy's configuration.
    init(_ first: EnvoyProcessingRequest, _ filters: HTTPFilterStream) {
        let told = first.hasProtocolConfig ? first.protocolConfig : nil
        request = Half(filtersBody: filters.filtersRequestBody, configured: told?.requestBodyMode)
        response = Half(filtersBody: filters.filtersResponseBody, configured: told?.responseBodyMode)
        let isDuplex = [request, response].contains { $0.configured == .fullDuplexStreamed }
        isFixed = isDuplex || told?.sendBodyWithoutWaitingForHeaderResponse == true
    }

    private func half(_ direction: ProcessingDirection) -> Half { direction == .request ? request : response }

    /// Whether a filter looks at the body.
    func filtersBody(_ direction: ProcessingDirection) -> Bool { half(direction).filtersBody }

    /// Whether Envoy sends a body without waiting for answers, and takes any number of them.
    func isDuplex(_ direction: ProcessingDirection) -> Bool { half(direction).mode == .fullDuplexStreamed }

    /// Whether Envoy holds the headers back until the body is answered, so that its length can still be set.
    func holdsHeaders(_ direction: ProcessingDirection) -> Bool { half(direction).mode == .buffered }

    /// Whether one message has all that Envoy sends of the body.
    func sendsOnce(_ direction: ProcessingDirection) -> Bool {
        [BodyMode.buffered, .bufferedPartial].contains(half(direction).mode ?? .streamed)
    }

    /// Asks for the bodies that filters look at, and for no others. Envoy follows it where `allow_mode_override` is set.
    var override: EnvoyProcessingMode? {
        guard !isFixed, request.hasBody || response.hasBody else { return nil }
        var modes = EnvoyProcessingMode()
        modes.requestBodyMode = request.asked
        modes.responseBodyMode = response.asked
        // Without them the end of a body with trailers is not known.
        if request.filtersBody { modes.requestTrailerMode = .send }
        if response.filtersBody { modes.responseTrailerMode = .send }
        return modes
    }
}

extension EnvoyProcessingRequest {
    /// - Throws: where Envoy sends bodies in a way that is not understood.
    func checkModes() throws(RPCError) {
        for mode in [protocolConfig.requestBodyMode, protocolConfig.responseBodyMode] {
            switch mode {
            case .none, .streamed, .buffered, .bufferedPartial, .fullDuplexStreamed: continue
            case .grpc, .UNRECOGNIZED:
                throw RPCError(
                    code: .unimplemented, message: "expected another body mode than GRPC, found \(mode)")
            }
        }
    }
}
