/// Sends the HTTP requests that filters make while they decide about a stream (Proxy-Wasm 0.2.1, "HTTP calls").
///
/// A service hands its client to ``ProxyWasmRuntime/init(host:limits:node:callOuts:grpcCallOuts:foreignFunctions:metrics:logger:)``. Filters name an upstream, never an address, so
/// that they reach what the service configured and nothing else.
///
/// Isolation: called from any thread, several times at once.
public protocol HTTPCallOutClient: Sendable {
    /// The names of the upstreams that there are. A filter that names another one is told so at once.
    var upstreams: Set<String> { get }

    /// Sends a request and receives all of the response. An error is told to the filter as a call that failed, without its reason.
    ///
    /// The task is cancelled when the request's time has passed or the filter that waits for it is gone.
    /// - Parameter upstream: one of ``upstreams``.
    func send(_ request: HTTPCallOut, to upstream: String) async throws -> HTTPCallOutResponse
}

/// A request that a filter makes.
public struct HTTPCallOut: Sendable {
    /// The fields: `:method`, `:path` and `:authority` are among them. What delimits the body and what belongs to a connection is the client's
    /// business, whatever a filter put here.
    public var headers: HeaderMap
    /// The body.
    public var body: [UInt8]
    /// The trailers. A client that cannot send any leaves them out.
    public var trailers: HeaderMap
    /// How long the filter waits at the most.
    public var timeout: Duration
    /// The most bytes that the response's body may have. With more, the call has failed.
    public var responseBytes: Int

    /// Makes a request.
    public init(
        headers: HeaderMap, body: [UInt8] = [], trailers: HeaderMap = HeaderMap(), timeout: Duration, responseBytes: Int
    ) {
        self.headers = headers
        self.body = body
        self.trailers = trailers
        self.timeout = timeout
        self.responseBytes = responseBytes
    }
}

/// What an upstream answered to a filter.
public struct HTTPCallOutResponse: Sendable {
    /// The fields, `:status` first.
    public var headers: HeaderMap
    /// The body.
    public var body: [UInt8]
    /// The trailers.
    public var trailers: HeaderMap

    /// Makes a response.
    public init(headers: HeaderMap, body: [UInt8] = [], trailers: HeaderMap = HeaderMap()) {
        self.headers = headers
        self.body = body
        self.trailers = trailers
    }
}
