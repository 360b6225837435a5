import NIOCore
import NIOHTTP1

/// What a route answers by itself.
struct RouteAnswer: Error {
    let status: Int
    let body: String
}

extension ClientResponse {
    func send(_ answer: RouteAnswer) async throws {
        let headers: HTTPHeaders = ["content-type": "text/plain; charset=utf-8"]
        try await send(status: answer.status, headers: headers, body: ByteBuffer(string: answer.body))
    }
}
