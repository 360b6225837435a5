/// What `send` returns to a guest in place of a response's handle. Handles are greater than zero.
public struct HTTPEgressResult: RawRepresentable, Error, Hashable, Sendable {
    public let rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// No connection, or it broke: refused, unreachable, reset, closed before the response was complete.
    public static let connectionFailed = HTTPEgressResult(rawValue: -1)
    /// The host name has no address.
    public static let nameNotResolved = HTTPEgressResult(rawValue: -2)
    /// The request's or the grant's time passed.
    public static let timedOut = HTTPEgressResult(rawValue: -3)
    /// The TLS handshake failed, for example because the certificate is not valid for the host name.
    public static let tlsFailed = HTTPEgressResult(rawValue: -4)
    /// The response's headers or body are more than is granted.
    public static let responseTooLarge = HTTPEgressResult(rawValue: -5)
    /// The response is not valid HTTP.
    public static let invalidResponse = HTTPEgressResult(rawValue: -6)
    /// There were more redirects than granted, or than the request asked for.
    public static let tooManyRedirects = HTTPEgressResult(rawValue: -7)
    /// As many requests as granted, or name lookups or attempts to connect as there are places for, are under way already: try again later.
    /// Those of a redirect count as well; the hops before it were sent then.
    public static let overloaded = HTTPEgressResult(rawValue: -8)
    /// The call keeps as many responses, or bytes of responses, as granted, or all calls together do: close some.
    public static let tooMuchKept = HTTPEgressResult(rawValue: -9)
    /// The request's headers or body are more than is granted. The request was not sent.
    public static let requestTooLarge = HTTPEgressResult(rawValue: -10)
    /// The server redirects to what no rule allows or to what is no URL, or a host name leads to an address that is not open. Nothing was sent
    /// there.
    public static let notAllowed = HTTPEgressResult(rawValue: -11)
}
