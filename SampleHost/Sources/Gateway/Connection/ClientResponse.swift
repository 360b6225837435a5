import NIOCore
import NIOHTTP1

/// The response to one request: sends its head once, with the framing that the request allows, then the body part by part.
///
/// Belongs to the task that answers the request.
final class ClientResponse {
    private enum State {
        case waiting
        case sendingBody
        case withoutBody
        case ended
    }

    private let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    private let version: HTTPVersion
    private let isHead: Bool
    /// Whether the client holds its body back until it is told to go on.
    private var awaitsContinue: Bool
    private var state = State.waiting
    /// The bytes of the body that were announced and not sent yet; nil where none were announced.
    private var due: Int?
    private(set) var status: Int?
    /// Whether the connection can serve another request after this response.
    private(set) var keepsAlive: Bool

    /// A response to a request, or to bytes that were none.
    init(_ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>, to request: HTTPRequestHead?) {
        self.outbound = outbound
        version = request?.version == .http1_0 ? .http1_0 : .http1_1
        isHead = request?.method == .HEAD
        awaitsContinue = request?.expectsContinue ?? false
        keepsAlive = request?.isKeepAlive ?? false
    }

    /// Whether the head was sent, so that another answer is not possible.
    var hasBegun: Bool { state != .waiting }

    /// Tells a client that waits for it to go on sending its body (RFC 9110, section 10.1.1).
    func sendContinue() async throws {
        guard awaitsContinue, !hasBegun else { return }
        awaitsContinue = false
        try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: .continue)))
    }

    /// The connection ends after this response.
    func closeAfterwards() { keepsAlive = false }

    /// Sends the head.
    ///
    /// - Parameters:
    ///   - headers: the header fields without hop-by-hop fields; a `content-length` in them does not count.
    ///   - length: the bytes that will follow, where that is known; to a HEAD request, those that would follow.
    func begin(status code: Int, headers: HTTPHeaders, length: Int?) async throws {
        guard !hasBegun else { return }
        try await outbound.write(.head(head(status: code, headers: headers, length: length)))
    }

    private func head(status code: Int, headers: HTTPHeaders, length: Int?) -> HTTPResponseHead {
        status = code
        // Without "100 Continue" nobody knows whether the body still comes or the next request.
        if awaitsContinue { keepsAlive = false }
        var headers = headers
        headers.remove(name: "content-length")
        let hasBody = !isHead && code != 204 && code != 304
        state = hasBody ? .sendingBody : .withoutBody
        due = hasBody ? length : nil
        if let length, code != 204 {
            headers.add(name: "content-length", value: String(length))
        } else if hasBody, version == .http1_1 {
            headers.add(name: "transfer-encoding", value: "chunked")
        } else if hasBody {
            keepsAlive = false
        }
        if !keepsAlive {
            headers.add(name: "connection", value: "close")
        } else if version == .http1_0 {
            headers.add(name: "connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: version, status: HTTPResponseStatus(statusCode: code), headers: headers)
    }

    /// Sends a part of the body; waits while the client does not read. Dropped where the response has no body.
    func write(_ part: ByteBuffer) async throws {
        guard state == .sendingBody, part.readableBytes > 0 else { return }
        try count(part)
        try await outbound.write(.body(.byteBuffer(part)))
    }

    /// Ends the response.
    func end() async throws {
        guard state != .ended, hasBegun else { return }
        try checkIsWhole()
        state = .ended
        try await outbound.write(.end(nil))
    }

    /// Sends a whole response.
    func send(status: Int, headers: HTTPHeaders, body: ByteBuffer) async throws {
        guard !hasBegun else { return }
        var parts: [HTTPServerResponsePart] = [
            .head(head(status: status, headers: headers, length: body.readableBytes))
        ]
        if state == .sendingBody, body.readableBytes > 0 { parts.append(.body(.byteBuffer(body))) }
        parts.append(.end(nil))
        state = .ended
        try await outbound.write(contentsOf: parts)
    }

    // A client takes what has another length than was announced for the begin of the next response, or the next response for the rest of it.

    private func count(_ part: ByteBuffer) throws {
        guard let due else { return }
        guard part.readableBytes <= due else { throw ResponseLengthError() }
        self.due = due - part.readableBytes
    }

    private func checkIsWhole() throws {
        guard due ?? 0 == 0 else { throw ResponseLengthError() }
    }
}

extension HTTPRequestHead {
    fileprivate var expectsContinue: Bool {
        version == .http1_1 && headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    }
}

/// A response's body has another length than its head said, so that the connection must end.
struct ResponseLengthError: Error {}
