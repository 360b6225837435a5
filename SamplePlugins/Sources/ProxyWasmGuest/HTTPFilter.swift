/// What happens to a stream after a callback. Source: Proxy-Wasm ABI 0.2.1, "proxy_action_t".
public enum Action: UInt32, Sendable {
    /// Hands the headers, the body so far or the trailers on.
    case `continue` = 0
    /// Holds them back until `StreamDirection.resume()`; a body is then collected and seen whole.
    case pause = 1
}

/// One HTTP stream's filter. Callbacks come in the order in which they are declared here; each has a default that lets
/// the traffic pass unchanged.
public protocol HTTPFilter: AnyObject {
    /// The request's headers arrived. `endOfStream` is true when no body and no trailers follow.
    func onRequestHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action
    /// A part of the request's body arrived, or all that was collected while paused.
    func onRequestBody(_ body: Body, endOfStream: Bool) -> Action
    /// The request's trailers arrived.
    func onRequestTrailers(_ trailers: HeaderMap) -> Action
    /// The response's headers arrived. `endOfStream` is true when no body and no trailers follow.
    func onResponseHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action
    /// A part of the response's body arrived, or all that was collected while paused.
    func onResponseBody(_ body: Body, endOfStream: Bool) -> Action
    /// The response's trailers arrived.
    func onResponseTrailers(_ trailers: HeaderMap) -> Action
    /// The exchange is over; headers may still be read, for an access log.
    func onLog()
    /// The host is about to forget the stream. False asks it to wait for `finish()`.
    func onDone() -> Bool
}

extension HTTPFilter {
    public func onRequestHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action { .continue }
    public func onRequestBody(_ body: Body, endOfStream: Bool) -> Action { .continue }
    public func onRequestTrailers(_ trailers: HeaderMap) -> Action { .continue }
    public func onResponseHeaders(_ headers: HeaderMap, endOfStream: Bool) -> Action { .continue }
    public func onResponseBody(_ body: Body, endOfStream: Bool) -> Action { .continue }
    public func onResponseTrailers(_ trailers: HeaderMap) -> Action { .continue }
    public func onLog() {}
    public func onDone() -> Bool { true }
}
