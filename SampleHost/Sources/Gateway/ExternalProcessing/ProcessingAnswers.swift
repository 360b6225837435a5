import AirlockProxyWasm
import ExternalProcessingMessages
import Foundation
import GRPCCore
import NIOHTTP1
import Synchronization

/// What a stream answers its Envoy.
final class ProcessingAnswers: Sendable {
    private let writer: RPCWriter<EnvoyProcessingResponse>?
    private let lastStatus = Mutex<Int?>(nil)

    /// - Parameter writer: nil where Envoy only shows its traffic and takes no answers.
    init(writer: RPCWriter<EnvoyProcessingResponse>?) {
        self.writer = writer
    }

    /// The status that the client gets, as far as it is known.
    var status: Int? {
        get { lastStatus.withLock(\.self) }
        set { lastStatus.withLock { $0 = newValue } }
    }

    func write(
        headers: EnvoyCommonResponse, _ direction: ProcessingDirection, _ override: EnvoyProcessingMode?
    ) async throws {
        var message = EnvoyHeadersResponse()
        message.response = headers
        var answer = EnvoyProcessingResponse()
        answer.response = direction == .request ? .requestHeaders(message) : .responseHeaders(message)
        if let override { answer.modeOverride = override }
        try await writer?.write(answer)
    }

    func write(body: EnvoyCommonResponse, _ direction: ProcessingDirection) async throws {
        var message = EnvoyBodyResponse()
        message.response = body
        var answer = EnvoyProcessingResponse()
        answer.response = direction == .request ? .requestBody(message) : .responseBody(message)
        try await writer?.write(answer)
    }

    /// - Parameter trailers: what changes in them, if anything does.
    func write(trailers: EnvoyHeaderMutation?, _ direction: ProcessingDirection) async throws {
        var message = EnvoyTrailersResponse()
        if let trailers { message.headerMutation = trailers }
        var answer = EnvoyProcessingResponse()
        answer.response = direction == .request ? .requestTrailers(message) : .responseTrailers(message)
        try await writer?.write(answer)
    }

    /// Answers in place of the upstream. Once the response is on its way Envoy resets the client's stream instead.
    func write(_ reply: LocalReply) async throws {
        var message = EnvoyImmediateResponse()
        message.status.code = (200...599).contains(reply.status) ? Int32(reply.status) : 500
        // Envoy says itself how long the body is.
        var headers = reply.headers
        headers.remove("content-length")
        if let mutation = EnvoyHeaderMutation(from: HeaderMap(), to: headers) { message.headers = mutation }
        message.body = Data(reply.body)
        message.details = reply.details
        if reply.grpcStatus >= 0 { message.grpcStatus.status = UInt32(reply.grpcStatus) }
        status = Int(message.status.code)
        var answer = EnvoyProcessingResponse()
        answer.response = .immediateResponse(message)
        try await writer?.write(answer)
    }
}

extension LocalReply {
    /// What the gateway answers where filters leave something that cannot be sent on.
    init(_ refusal: Refusal) {
        self.init(
            status: UInt32(refusal.status.code), details: "filtered_request_refused", body: Array(refusal.text.utf8))
    }
}

extension RequestBounds {
    /// The answer to a request with more header fields than are taken.
    func refusal(of headers: HeaderMap) -> LocalReply? {
        guard headers.count > headerCount || headers.byteCount > headersSize else { return nil }
        let refusal = Refusal(.requestHeaderFieldsTooLarge, "the header fields are more than the filters take")
        return LocalReply(refusal)
    }
}
