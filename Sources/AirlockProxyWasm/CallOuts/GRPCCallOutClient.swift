/// Makes the gRPC calls of filters (Proxy-Wasm 0.2.1, "gRPC calls").
///
/// A service hands its client to ``ProxyWasmRuntime/init(host:limits:node:callOuts:grpcCallOuts:foreignFunctions:metrics:logger:)``. Filters
/// name an upstream, never an address, so that they reach what the service configured and nothing else.
///
/// Isolation: called from any thread, several times at once.
public protocol GRPCCallOutClient: Sendable {
    /// The names of the upstreams that there are. A filter that names another one is told so at once.
    var upstreams: Set<String> { get }

    /// Makes a call: sends what the filter has to say, hands over what the upstream answers, and returns how it ended. A unary call is one
    /// with a single message in each direction; on the wire it is the same.
    ///
    /// The task is cancelled when the filter gives the call up, when its time has passed, and when the filter is gone; the upstream should
    /// be told then, and the call must not seem to be complete to it.
    /// - Parameters:
    ///   - upstream: one of ``upstreams``.
    ///   - messages: the filter's messages, without framing. Their end is the end of the filter's side of the call.
    ///   - receive: hands a part of the answer over, and returns when the filter was told of it. What comes after that must not be read
    ///     before. It throws where the call is of no interest any more.
    /// - Returns: what the upstream said last.
    /// - Throws: where the upstream cannot be reached or does not speak gRPC. The filter is told status 14 (unavailable) without a reason.
    func call(
        _ call: GRPCCallOut, to upstream: String, sending messages: GRPCCallOutMessages,
        receiving receive: @escaping @Sendable (GRPCCallOutPart) async throws -> Void
    ) async throws -> GRPCCallOutEnd
}

/// A gRPC call that a filter makes.
public struct GRPCCallOut: Sendable {
    /// The service with its package, such as `helloworld.Greeter`. Letters, digits, `.`, `_`, `~` and `-`.
    public var service: String
    /// The method, such as `SayHello`. The same characters.
    public var method: String
    /// The initial metadata: fields without pseudo headers. What the protocol itself needs is the client's business, whatever a filter put
    /// here.
    public var metadata: HeaderMap
    /// How long the filter waits at the most; nil for a stream, which has no end of its own.
    public var timeout: Duration?
    /// The most bytes that a message of the answer may have. With more, the call has failed.
    public var messageBytes: Int

    /// Describes a call.
    public init(service: String, method: String, metadata: HeaderMap, timeout: Duration?, messageBytes: Int) {
        self.service = service
        self.method = method
        self.metadata = metadata
        self.timeout = timeout
        self.messageBytes = messageBytes
    }
}

/// A part of what an upstream answers to a gRPC call.
public enum GRPCCallOutPart: Sendable {
    /// What comes before all messages, at most once.
    case initialMetadata(HeaderMap)
    /// A message, without framing.
    case message([UInt8])
}

/// How a gRPC call ended.
public struct GRPCCallOutEnd: Sendable {
    /// The status of gRPC; 0 where all went well.
    public var status: UInt32
    /// What the upstream says about it.
    public var message: String
    /// The trailing metadata.
    public var trailingMetadata: HeaderMap

    /// Describes an end.
    public init(status: UInt32, message: String = "", trailingMetadata: HeaderMap = HeaderMap()) {
        self.status = status
        self.message = message
        self.trailingMetadata = trailingMetadata
    }
}
