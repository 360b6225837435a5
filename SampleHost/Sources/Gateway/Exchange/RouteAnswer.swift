import NIOCore
import NIOHTTP1

/// What a route answers by itself.
struct RouteAnswer: Sendable {
    let status: Int
    let body: String

    var headers: HTTPHeaders {
        ["content-length": String(body.utf8.count), "content-type": "text/plain; charset=utf-8"]
    }
}

extension ClientResponse {
    func send(_ answer: RouteAnswer) async throws {
        try await send(status: answer.status, headers: answer.headers, body: ByteBuffer(string: answer.body))
    }
}
