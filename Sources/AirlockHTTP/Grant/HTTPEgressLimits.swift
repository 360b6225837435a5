/// How much a plugin may do over HTTP.
public struct HTTPEgressLimits: Sendable, Hashable {
    /// Bytes of a request's body. 1 MiB by default.
    public var requestBytes = 1 << 20
    /// Bytes of a response's body, as they come: nothing is decompressed. 1 MiB by default.
    public var responseBytes = 1 << 20
    /// Bytes of the headers of a request or a response. 32 KiB by default; more than 80 KiB in one header of a response, or 512 KiB in
    /// all of them, are refused in any case.
    public var headerBytes = 32 << 10
    /// Headers of a request or a response. 100 by default; more than 256 in a response are refused in any case.
    public var headerFields = 100
    /// Requests that are under way at a time; one more is refused at once with ``HTTPEgressResult/overloaded``. 16 by default. Name lookups
    /// under way are no more than that either, also those whose requests have ended; see ``AddressResolver``. Neither are attempts to
    /// connect more than twice that, with those whose requests have ended: one ends with ``HTTPEgressClient/Configuration/connectTimeout``.
    ///
    /// It is the number of all calls of all plugins with the grant. The plugins of a policy share the policy's: each can be granted less,
    /// and together they have no more.
    public var concurrentRequests = 16
    /// Time of a request with its redirects, from its start to the last byte of the response. What is left of the call's deadline counts
    /// where it is less: grant less than that deadline, so that a server that says nothing ends its request and not the call. 10 seconds by
    /// default.
    public var timeout = Duration.seconds(10)
    /// Redirects of one request that are followed. 5 by default.
    public var redirects = 5
    /// Responses that one call can keep. 16 by default.
    public var keptResponses = 16
    /// Bytes of all the responses that one call keeps, with their headers. 4 MiB by default.
    public var keptBytes = 4 << 20
    /// Bytes of the responses that all calls of all plugins with the grant keep. 64 MiB by default. Responses that are being received come
    /// on top of it: ``concurrentRequests`` times ``responseBytes`` at the most.
    public var keptBytesInAll = 64 << 20

    /// The defaults.
    public init() {}
}
