import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One upstream and its connections.
final class UpstreamClient: Sendable {
    let name: String
    /// What filters' gRPC calls go through.
    let grpc: UpstreamGRPCClient
    private let url: UpstreamURL
    private let client: HTTPClient
    /// Has connections of its own, so that a filter whose calls are not answered holds up other filters' calls and no requests.
    private let callOutClient: HTTPClient
    private let callOutTurns: ConnectionTurns

    /// `nil` when the URL is not one.
    init?(name: String, configuration: UpstreamConfiguration, eventLoops: any EventLoopGroup) {
        guard let url = UpstreamURL(configuration.url) else { return nil }
        self.name = name
        self.url = url
        grpc = UpstreamGRPCClient(url, eventLoops: eventLoops)
        var settings = HTTPClient.Configuration()
        settings.redirectConfiguration = .disallow
        settings.decompression = .disabled
        settings.httpVersion = .http1Only
        settings.timeout = .init(
            connect: TimeAmount(configuration.connectTimeout),
            read: TimeAmount(configuration.responseTimeout)
        )
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.connections
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .shared(eventLoops), configuration: settings)
        let callOutConnections = max(1, configuration.connections / 2)
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = callOutConnections
        // So many may wait in Envoy, too (`max_pending_requests` of `config.cluster.v3.CircuitBreakers`).
        callOutTurns = ConnectionTurns(connections: callOutConnections, longest: 1_024)
        callOutClient = HTTPClient(eventLoopGroupProvider: .shared(eventLoops), configuration: settings)
    }

    /// Sends a request and waits for the response's head; its body comes as it is read.
    ///
    /// An upstream may close a kept connection at the moment it is used again; a request that is safe (RFC 9110, section 9.2.1) and has no
    /// body is then sent a second time.
    ///
    /// - Parameters:
    ///   - target: path and query; begins with `/`.
    ///   - headers: with `host`, without framing.
    func send(
        method: String,
        target: String,
        headers: HTTPHeaders,
        body: HTTPClientRequest.Body?
    ) async throws -> HTTPClientResponse {
        try await send(request(method, target, headers, body), through: client, by: .distantFuture)
    }

    /// Sends what a filter asks for, when it is its turn, and collects the answer.
    ///
    /// - Parameters:
    ///   - time: how long the whole answer may take.
    ///   - size: the most bytes that its body may have.
    func call(
        method: String, target: String, headers: HTTPHeaders, body: HTTPClientRequest.Body?, within time: TimeAmount,
        upTo size: Int
    ) async throws -> (head: HTTPClientResponse, body: ByteBuffer) {
        let deadline = NIODeadline.now() + time
        let request = request(method, target, headers, body)
        return try await callOutTurns.withTurn {
            let response = try await send(request, through: callOutClient, by: deadline)
            return (response, try await response.body.collect(upTo: size))
        }
    }

    private func request(
        _ method: String, _ target: String, _ headers: HTTPHeaders, _ body: HTTPClientRequest.Body?
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url.url(for: target))
        request.method = HTTPMethod(rawValue: method)
        request.headers = headers
        request.body = body
        return request
    }

    private func send(
        _ request: HTTPClientRequest, through client: HTTPClient, by deadline: NIODeadline
    ) async throws -> HTTPClientResponse {
        do {
            return try await client.execute(request, deadline: deadline)
        } catch let error as HTTPClientError where error == .remoteConnectionClosed {
            guard request.body == nil, [.GET, .HEAD, .OPTIONS].contains(request.method) else { throw error }
            return try await client.execute(request, deadline: deadline)
        }
    }

    func shutdown() async {
        await grpc.shutdown()
        try? await client.shutdown()
        try? await callOutClient.shutdown()
    }
}
