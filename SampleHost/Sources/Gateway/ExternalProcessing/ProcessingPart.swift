import ExternalProcessingMessages
import GRPCCore

/// A part of a request or a response, as Envoy sends it.
enum ProcessingPart: Sendable {
    case headers(EnvoyHttpHeaders)
    case body(EnvoyHttpBody)
    case trailers(EnvoyHttpTrailers)

    /// What the protocol calls it.
    func kind(_ direction: ProcessingDirection) -> String {
        switch self {
        case .headers: "\(direction)_headers"
        case .body: "\(direction)_body"
        case .trailers: "\(direction)_trailers"
        }
    }
}

extension EnvoyProcessingRequest {
    /// What the message is about; nil where it is about nothing that is known.
    var part: (ProcessingDirection, ProcessingPart)? {
        switch request {
        case .requestHeaders(let headers): (.request, .headers(headers))
        case .requestBody(let body): (.request, .body(body))
        case .requestTrailers(let trailers): (.request, .trailers(trailers))
        case .responseHeaders(let headers): (.response, .headers(headers))
        case .responseBody(let body): (.response, .body(body))
        case .responseTrailers(let trailers): (.response, .trailers(trailers))
        case nil: nil
        }
    }

    /// What the protocol calls the message.
    var kind: String { part.map { direction, part in part.kind(direction) } ?? "an empty message" }
}

extension RPCError {
    /// A message that cannot come where it came.
    static func outOfOrder(_ text: String) -> RPCError { RPCError(code: .failedPrecondition, message: text) }
}
