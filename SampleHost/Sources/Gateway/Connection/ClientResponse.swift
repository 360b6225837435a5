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
        status = code
        // Without "100 Continue" nobody knows whether the body still comes or the next request.
        if awaitsContinue { keepsAlive = false }
        var headers = headers
        headers.remove(name: "content-length")
        let hasBody = !isHead && code != 204 && code != 304
        state = hasBody ? .sendingBody : .withoutBody
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
        let head = HTTPResponseHead(version: version, status: HTTPResponseStatus(statusCode: code), headers: headers)
        try await outbound.write(.head(head))
    }

    /// Sends a part of the body; waits while the client does not read. Dropped where the response has no body.
    func write(_ part: ByteBuffer) async throws {
        guard state == .sendingBody, part.readableBytes > 0 else { return }
        try await outbound.write(.body(.byteBuffer(part)))
    }

    /// Ends the response.
    func end() async throws {
        guard state != .ended, hasBegun else { return }
        state = .ended
        try await outbound.write(.end(nil))
    }

    /// Sends a whole response.
    func send(status: Int, headers: HTTPHeaders, body: ByteBuffer) async throws {
        try await begin(status: status, headers: headers, length: body.readableBytes)
        try await write(body)
        try await end()
    }

    /// Answers that the gateway itself refuses the request.
    func send(_ refusal: Refusal) async throws {
        if refusal.closesConnection { closeAfterwards() }
        var headers: HTTPHeaders = ["content-type": "text/plain; charset=utf-8"]
        headers.add(contentsOf: refusal.headers)
        try await send(status: Int(refusal.status.code), headers: headers, body: ByteBuffer(string: refusal.text))
    }
}

extension HTTPRequestHead {
    fileprivate var expectsContinue: Bool {
        version == .http1_1 && headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
    }
}
