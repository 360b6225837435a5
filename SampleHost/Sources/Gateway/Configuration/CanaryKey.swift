/// What decides whether a request is served by a canary: requests in which it is the same are served by the same version.
public enum CanaryKey: Sendable, Hashable {
    /// The client's address, without its port.
    case client
    /// The value of this header field; where a request has none, the client's address.
    case header(String)
}
