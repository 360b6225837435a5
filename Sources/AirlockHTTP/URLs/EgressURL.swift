/// A URL that a request goes to, read once and strictly: what was checked here is what the HTTP client gets, and no other parser has a say
/// in where the request goes.
struct EgressURL: Hashable, Sendable {
    static let longest = 8_192

    let scheme: HTTPRule.Scheme
    let host: EgressHost
    let port: UInt16
    /// Path and query as they are sent; begins with a slash.
    let target: String

    /// Reads an absolute URL.
    init(_ text: String) throws(URLRefusal) {
        try Self.checkBytes(of: text)
        guard let colon = text.firstIndex(of: ":"), let scheme = HTTPRule.Scheme(rawValue: text[..<colon].lowercased())
        else {
            throw URLRefusal(part: "scheme", reason: "is neither 'http' nor 'https'")
        }
        let rest = text[text.index(after: colon)...]
        guard rest.hasPrefix("//") else {
            throw URLRefusal(part: "scheme", reason: "is not followed by '//'")
        }
        let behind = rest.dropFirst(2)
        let end = behind.firstIndex { "/?#".contains($0) } ?? behind.endIndex
        let authority = try Authority(behind[..<end])
        self.scheme = scheme
        host = try EgressHost(authority.host)
        port = authority.port ?? scheme.defaultPort
        target = try Self.encoded(behind[end...].prefix { $0 != "#" })
    }

    private static func checkBytes(of text: String) throws(URLRefusal) {
        guard text.utf8.count <= longest else {
            throw URLRefusal(part: "length", reason: "\(text.utf8.count) is more than \(longest) bytes")
        }
        for byte in text.utf8 where byte <= 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\\") {
            throw URLRefusal(
                part: "text",
                reason:
                    "has the byte 0x\(String(byte, radix: 16)): spaces, controls, backslashes and non-ASCII must be percent-encoded"
            )
        }
    }

    /// Path and query with percent signs in front of what URLs cannot have there.
    private static func encoded(_ rest: Substring) throws(URLRefusal) -> String {
        var target = rest.utf8.first == UInt8(ascii: "/") ? "" : "/"
        var digitsDue = 0
        for byte in rest.utf8 {
            guard digitsDue == 0 || byte.isHexDigit else { break }
            digitsDue = byte == UInt8(ascii: "%") ? 2 : max(0, digitsDue - 1)
            if #""<>[]^`{|}"#.utf8.contains(byte) {
                target += "%\(String(byte, radix: 16, uppercase: true))"
            } else {
                target.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        guard digitsDue == 0 else {
            throw URLRefusal(part: "path", reason: "has a '%' without two hexadecimal digits behind it")
        }
        return target
    }

    /// Scheme, host and port: what makes two URLs of one origin.
    var origin: String {
        port == scheme.defaultPort ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }

    func hasOrigin(of other: EgressURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }
}

extension EgressURL: CustomStringConvertible {
    var description: String { origin + target }
}
