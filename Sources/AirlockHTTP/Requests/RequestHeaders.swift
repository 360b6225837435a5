import Airlock

/// Which headers a guest may set.
enum RequestHeaders {
    /// Headers that say how a message is framed, whom it is for and what becomes of the connection: the host's own business.
    static let reserved: Set<String> = [
        "connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "te", "trailer",
        "transfer-encoding", "upgrade",
        // Programs behind CGI read it as the variable HTTP_PROXY.
        "proxy",
    ]

    /// Headers that describe a body; they go when the body goes.
    static let ofBody: Set<String> = [
        "content-encoding", "content-language", "content-location", "content-type", "content-md5", "digest",
        "content-digest",
    ]

    /// - Throws: ``HostError/Kind/denied`` where a guest may not set such a header, or not to such a value.
    static func check(_ name: String, _ value: String) throws(HostError) {
        guard HTTPToken.isToken(name) else {
            throw HostError(.denied, "the header name '\(name.printable)' is refused: it is no token")
        }
        let canonical = name.lowercased()
        guard !reserved.contains(canonical), !canonical.hasPrefix("proxy-") else {
            throw HostError(.denied, "the header '\(name.printable)' is refused: the host sets it")
        }
        for byte in value.utf8 where (byte < 0x20 && byte != 0x09) || byte == 0x7F {
            throw HostError(
                .denied,
                "the value of the header '\(name.printable)' is refused: it has the control character 0x\(String(byte, radix: 16))"
            )
        }
    }
}
