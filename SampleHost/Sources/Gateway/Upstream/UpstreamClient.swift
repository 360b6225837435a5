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
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(1, configuration.connections / 2)
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
    ///   - time: how long the whole response may take; `nil` for as long as it comes.
    ///   - isCallOut: whether a filter asks, and not a client.
    func send(
        method: String,
        target: String,
        headers: HTTPHeaders,
        body: HTTPClientRequest.Body?,
        within time: TimeAmount? = nil,
        isCallOut: Bool = false
    ) async throws -> HTTPClientResponse {
        let client = isCallOut ? callOutClient : client
        let deadline = time.map { .now() + $0 } ?? NIODeadline.distantFuture
        var request = HTTPClientRequest(url: url.url(for: target))
        request.method = HTTPMethod(rawValue: method)
        request.headers = headers
        request.body = body
        do {
            return try await client.execute(request, deadline: deadline)
        } catch let error as HTTPClientError where error == .remoteConnectionClosed {
            guard body == nil, ["GET", "HEAD", "OPTIONS"].contains(method) else { throw error }
            return try await client.execute(request, deadline: deadline)
        }
    }

    func shutdown() async {
        await grpc.shutdown()
        try? await client.shutdown()
        try? await callOutClient.shutdown()
    }
}
