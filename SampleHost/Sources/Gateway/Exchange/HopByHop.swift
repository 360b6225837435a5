import NIOHTTP1

/// Header fields that belong to one connection and are not forwarded (RFC 9110, section 7.6.1).
enum HopByHop {
    private static let names: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer",
        "transfer-encoding", "upgrade", "http2-settings",
    ]
    /// What a `connection` field cannot take away.
    private static let endToEnd: Set<String> = ["host", "content-length", "content-type", "authorization", "cookie"]

    /// Lower-case names of the fields of a message that stay on its connection: the known ones and those its `connection` fields name.
    static func names(in headers: HTTPHeaders) -> Set<String> {
        let named = headers[canonicalForm: "connection"].map { $0.lowercased() }
        guard !named.isEmpty else { return names }
        return names.union(Set(named).subtracting(endToEnd))
    }

    /// Whether a field that a filter left in a map is for the gateway to decide, not for the filter.
    static func contains(_ name: String) -> Bool { names.contains(name) }
}
