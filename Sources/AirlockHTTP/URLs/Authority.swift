/// Host and port of a URL or a rule.
struct Authority {
    let host: Substring
    let port: UInt16?

    /// Splits what stands between `//` and the path.
    init(_ text: Substring) throws(URLRefusal) {
        guard !text.utf8.contains(UInt8(ascii: "@")) else {
            throw URLRefusal(
                part: "user information", reason: "is not taken: a name before '@' hides the host behind it")
        }
        guard !text.utf8.contains(UInt8(ascii: "%")) else {
            throw URLRefusal(part: "host", reason: "has a '%': percent-encoding and zones are not taken there")
        }
        let isIPv6 = text.utf8.first == UInt8(ascii: "[")
        let end =
            if isIPv6 { text.firstIndex(of: "]").map(text.index(after:)) ?? text.endIndex } else {
                text.firstIndex(of: ":") ?? text.endIndex
            }
        host = text[..<end]
        let rest = text[end...]
        guard !rest.isEmpty else {
            port = nil
            return
        }
        let digits = rest.dropFirst()
        guard rest.utf8.first == UInt8(ascii: ":"), digits.utf8.allSatisfy(\.isDigit),
            digits.utf8.first != UInt8(ascii: "0"), let number = UInt16(digits)
        else {
            throw URLRefusal(part: "port", reason: "'\(digits.printable)' is no number from 1 to 65535")
        }
        port = number
    }
}
