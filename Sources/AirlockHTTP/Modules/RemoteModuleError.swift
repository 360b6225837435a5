/// Why a module was not fetched.
public struct RemoteModuleError: Error, Sendable, CustomStringConvertible {
    /// The cause, as a value that code can decide by. More may be added in a minor version.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The URL, the digest or a setting is not usable.
        public static let configuration = Code(description: "configuration")
        /// The server was not reached, or the connection broke: no address, no connection, no TLS, or an end before all was there.
        public static let unreachable = Code(description: "unreachable")
        /// Digest, module and signature were not there in time.
        public static let timedOut = Code(description: "timedOut")
        /// The server answered with a status other than 200; ``RemoteModuleError/status`` is the one.
        public static let status = Code(description: "status")
        /// The server redirects too often, from `https` to `http`, or to what is no URL.
        public static let redirect = Code(description: "redirect")
        /// With a published digest, `http` leads beyond the loopback addresses.
        public static let plainText = Code(description: "plainText")
        /// There is more than there may be.
        public static let tooLarge = Code(description: "tooLarge")
        /// The answer is not valid HTTP.
        public static let invalidResponse = Code(description: "invalidResponse")
        /// The file with the digest has none.
        public static let invalidDigest = Code(description: "invalidDigest")
        /// The module's bytes have another digest.
        public static let digestMismatch = Code(description: "digestMismatch")
        /// The task was cancelled.
        public static let cancelled = Code(description: "cancelled")
    }

    /// The cause.
    public var code: Code
    /// The URL that it is about, after redirects; without its query, which may be a secret.
    public var url: String
    /// Which URL it is about, what was expected and what came, in one sentence.
    public var message: String
    /// The status that the server answered with, where it is the cause.
    public var status: Int?
    /// How long the server asks to wait, where it answered with a status and said so in seconds or by a date, which counts from the
    /// server's own (`Date`); at most 24 hours.
    public var retryAfter: Duration?

    public var description: String { "\(code): \(message)" }

    init(_ code: Code, url: String, message: String) {
        self.code = code
        self.url = url
        self.message = message
    }

    /// - Parameter fault: goes on behind the URL.
    init(_ code: Code, _ url: EgressURL, _ fault: String) {
        self.init(code, url: url.withoutQuery, message: "'\(url.withoutQuery)' \(fault)")
    }

    init(_ failure: HTTPEgressResult, _ url: EgressURL) {
        switch failure {
        case .nameNotResolved: self.init(.unreachable, url, "was not reached: no address was found for its host")
        case .tlsFailed: self.init(.unreachable, url, "was not reached: the TLS handshake failed")
        case .overloaded:
            self.init(.unreachable, url, "was not asked: too many name lookups or attempts to connect are under way")
        case .timedOut: self.init(.timedOut, url, "was not fetched in time")
        case .responseTooLarge: self.init(.tooLarge, url, "sends too much beside the body: headers, chunks or TLS")
        case .connectionFailed:
            self.init(.unreachable, url, "was not reached, or the connection ended before the whole answer was there")
        default: self.init(.invalidResponse, url, "answered what is not valid HTTP")
        }
    }
}
