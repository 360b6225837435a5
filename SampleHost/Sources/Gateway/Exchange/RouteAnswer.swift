import NIOCore
import NIOHTTP1

/// What the gateway answers by itself.
struct RouteAnswer: Sendable {
    let status: Int
    let body: String
    var headers: HTTPHeaders = ["content-type": "text/plain; charset=utf-8"]

    init(status: Int, body: String) {
        self.status = status
        self.body = body
    }

    init(_ refusal: Refusal) {
        self.init(status: Int(refusal.status.code), body: refusal.text)
        headers.add(contentsOf: refusal.headers)
    }
}

extension ClientResponse {
    func send(_ answer: RouteAnswer) async throws {
        try await send(status: answer.status, headers: answer.headers, body: ByteBuffer(string: answer.body))
    }

    /// Answers that the gateway itself refuses the request.
    func send(_ refusal: Refusal) async throws {
        if refusal.closesConnection { closeAfterwards() }
        try await send(RouteAnswer(refusal))
    }
}
