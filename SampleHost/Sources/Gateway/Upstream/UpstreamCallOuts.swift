import AirlockProxyWasm
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Sends what filters ask upstreams for.
struct UpstreamCallOuts: HTTPCallOutClient {
    let clients: [String: UpstreamClient]

    var upstreams: Set<String> { Set(clients.keys) }

    /// Trailers are left out: the HTTP client has no public way to send any.
    func send(_ request: HTTPCallOut, to upstream: String) async throws -> HTTPCallOutResponse {
        guard let client = clients[upstream] else { throw GatewayError(reasons: ["no upstream \"\(upstream)\""]) }
        let head = try UpstreamHead(request.headers)
        let (response, body) = try await client.call(
            method: head.method,
            target: head.target,
            headers: head.headers,
            body: request.body.isEmpty ? nil : .bytes(ByteBuffer(bytes: request.body)),
            within: TimeAmount(request.timeout),
            upTo: request.responseBytes)
        return HTTPCallOutResponse(
            headers: HeaderMap(status: Int(response.status.code), headers: response.headers),
            body: Array(body.readableBytesView))
    }
}
