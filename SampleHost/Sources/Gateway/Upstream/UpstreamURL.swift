/// The address of an upstream, `http://host[:port][/path]`, split once so that a request only joins two strings.
struct UpstreamURL: Sendable, CustomStringConvertible {
    /// `http` or `https`.
    let scheme: String
    /// `host` or `host:port`.
    let authority: String
    /// What is put before the path of each request; empty or `/path` without a trailing slash.
    let basePath: String

    /// `nil` when the text is not an absolute http or https URL, or has a query, a fragment or a user.
    init?(_ text: String) {
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        var basePath = rest[authority.endIndex...]
        while basePath.hasSuffix("/") { basePath.removeLast() }
        guard ["http", "https"].contains(scheme), Self.isAuthority(authority),
            !basePath.contains(where: { "?#".contains($0) || $0.isWhitespace })
        else { return nil }
        self.scheme = scheme
        self.authority = String(authority)
        self.basePath = String(basePath)
    }

    /// The URL of a request whose path and query are `target` (which begins with `/`).
    func url(for target: String) -> String { "\(scheme)://\(authority)\(basePath)\(target)" }

    /// The host, an IPv6 address without brackets, and the port where there is one.
    var address: (host: String, port: Int?) {
        guard let colon = authority.lastIndex(of: ":"), !authority.hasSuffix("]") else {
            return (Self.withoutBrackets(authority[...]), nil)
        }
        return (Self.withoutBrackets(authority[..<colon]), Int(authority[authority.index(after: colon)...]))
    }

    private static func withoutBrackets(_ host: Substring) -> String {
        host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : String(host)
    }

    /// The URL without trailing slash.
    var description: String { url(for: "") }

    private static func isAuthority(_ text: Substring) -> Bool {
        guard text.allSatisfy({ $0.isASCII && !$0.isWhitespace && !"?#@".contains($0) }) else { return false }
        if text.hasPrefix("["), text.hasSuffix("]") { return text.count > 4 }
        guard let colon = text.lastIndex(of: ":") else { return !text.isEmpty }
        let host = text[..<colon]
        guard let port = UInt16(text[text.index(after: colon)...]), port > 0 else { return false }
        return !host.isEmpty && (host.hasPrefix("[") || !host.contains(":"))
    }
}
