public import AirlockProxyWasm

/// What became of one request that went through filters, and what they used for it.
public struct RequestReport: Sendable {
    /// The request's `x-request-id`, where it had one.
    public let requestID: String?
    /// The status that the client got; nil when it got no answer.
    public let status: Int?
    /// What each filter used.
    public let filters: StreamReport
}
