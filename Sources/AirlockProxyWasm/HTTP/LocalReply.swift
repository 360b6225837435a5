/// An answer that the filter chain gives instead of the upstream's.
public struct LocalReply: Sendable, Equatable {
    /// The HTTP status code, 200 to 999: filters may send any that has three digits and is final.
    public var status: UInt32
    /// Why there is a local reply: the filter's own text, or one of the host's such as `filter_failed` or
    /// `pause_deadline`. For logs; never send it to the client.
    public var details: String
    /// The body.
    public var body: [UInt8]
    /// The header fields without `:status`, in lower case.
    public var headers: HeaderMap
    /// The gRPC status that the filter gave; -1 when it gave none. To a gRPC request the reply has it in its headers already.
    public var grpcStatus: Int32
    /// Whether the stream must be reset rather than answered: the filter closed it, the client went away, or the
    /// response's headers had already been forwarded, so that no other answer can be sent. A server that cannot reset
    /// closes the connection.
    public var resetsStream: Bool

    /// Makes a local reply.
    public init(
        status: UInt32,
        details: String,
        body: [UInt8] = [],
        headers: HeaderMap = HeaderMap(),
        grpcStatus: Int32 = -1,
        resetsStream: Bool = false
    ) {
        self.status = status
        self.details = details
        self.body = body
        self.headers = headers
        self.grpcStatus = grpcStatus
        self.resetsStream = resetsStream
    }
}
