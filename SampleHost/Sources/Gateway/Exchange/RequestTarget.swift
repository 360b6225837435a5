/// Path and query of a request, in characters that may stand in a URL (RFC 3986, sections 3.3 and 3.4), so that filters judge what the
/// upstream gets.
enum RequestTarget {
    /// The target, with characters that may not stand in a URL percent-encoded; nil where that cannot be told: it does not begin with `/`,
    /// has white space, a control character or `#`, or a `%` without two hexadecimal digits.
    static func encoded(_ target: String) -> String? {
        guard target.hasPrefix("/") else { return nil }
        var bytes: [UInt8] = []
        var digitsDue = 0
        for byte in target.utf8 {
            if digitsDue > 0 {
                guard isHexadecimal(byte) else { return nil }
                digitsDue -= 1
                bytes.append(byte)
            } else if byte == UInt8(ascii: "%") {
                digitsDue = 2
                bytes.append(byte)
            } else if isAllowed(byte) {
                bytes.append(byte)
            } else {
                guard byte > 0x20, byte != 0x7F, byte != UInt8(ascii: "#") else { return nil }
                bytes.append(UInt8(ascii: "%"))
                bytes.append(digit(byte >> 4))
                bytes.append(digit(byte & 0xF))
            }
        }
        return digitsDue == 0 ? String(decoding: bytes, as: UTF8.self) : nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: punctuation.contains(byte)
        }
    }

    private static let punctuation = Set("-._~!$&'()*+,;=:@/?".utf8)

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
