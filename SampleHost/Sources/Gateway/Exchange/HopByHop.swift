import NIOHTTP1

/// Header fields that belong to one connection and are not forwarded (RFC 9110, section 7.6.1).
///
/// Names are compared without hashing or copying them: it is asked for each field of each message.
struct HopByHop {
    /// Those that the message's `connection` fields name, in lower case.
    private let named: [String]

    /// - Parameter headers: the message's, with what its `connection` fields say.
    init(_ headers: HTTPHeaders) {
        named = headers[canonicalForm: "connection"].map { $0.lowercased() }
            .filter { !Self.endToEnd.contains($0) && !Self.isKnown($0) && $0 != "close" }
    }

    /// Whether a field of the message stays on its connection.
    func contains(_ name: String) -> Bool {
        Self.isKnown(name) || (!named.isEmpty && named.contains(name.lowercased()))
    }

    /// What a `connection` field cannot take away.
    private static let endToEnd: Set<String> = ["host", "content-length", "content-type", "authorization", "cookie"]

    /// Whether a field is for the gateway to decide, whatever message it is in.
    static func isKnown(_ name: String) -> Bool {
        switch name.utf8.count {
        case 2: name.isField("te")
        case 7: name.isField("trailer") || name.isField("upgrade")
        case 10: name.isField("connection") || name.isField("keep-alive")
        case 14: name.isField("http2-settings")
        case 16: name.isField("proxy-connection")
        case 17: name.isField("transfer-encoding")
        case 18: name.isField("proxy-authenticate")
        case 19: name.isField("proxy-authorization")
        default: false
        }
    }
}

extension String {
    /// Whether it is the name of that header field, which is given in lower case.
    func isField(_ name: String) -> Bool {
        utf8.count == name.utf8.count
            && zip(utf8, name.utf8).allSatisfy { $0 == $1 || ($0 | 0x20 == $1 && (0x41...0x5A).contains($0)) }
    }
}
