import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOSSL

/// One upstream and its connections.
final class UpstreamClient: Sendable {
    let name: String
    private let url: UpstreamURL
    private let client: HTTPClient
    private let responseTimeout: Duration

    /// `nil` when the URL is not one.
    init?(name: String, configuration: UpstreamConfiguration, eventLoops: any EventLoopGroup) {
        guard let url = UpstreamURL(configuration.url) else { return nil }
        self.name = name
        self.url = url
        responseTimeout = configuration.responseTimeout
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
    }

    /// Sends a request and waits for the response's head; its body comes as it is read.
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
        var request = HTTPClientRequest(url: url.url(for: target))
        request.method = HTTPMethod(rawValue: method)
        request.headers = headers
        request.body = body
        return try await client.execute(request, deadline: .distantFuture)
    }

    func shutdown() async { try? await client.shutdown() }
}
