/// Path and query of a request, in characters that may stand in a URL (RFC 3986, sections 3.3 and 3.4), so that filters judge what the
/// upstream gets.
enum RequestTarget {
    /// The target, with characters that may not stand in a URL percent-encoded; nil where that cannot be told: it does not begin with `/`,
    /// has white space, a control character or `#`, or a `%` without two hexadecimal digits.
    static func encoded(_ target: String) -> String? {
        guard target.utf8.first == UInt8(ascii: "/") else { return nil }
        if target.utf8.allSatisfy(isAllowed) { return target }
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
        // - . _ ~ ! $ & ' ( ) * + , ; = : @ / ?
        case 0x26...0x2F, 0x21, 0x24, 0x3A, 0x3B, 0x3D, 0x3F, 0x40, 0x5F, 0x7E: true
        default: false
        }
    }

    /// Whether a segment of the path is `.` or `..`, also percent-encoded: routes could then mean another path than the upstream.
    static func hasDotSegments(_ target: String) -> Bool {
        let path = target.prefix { $0 != "?" }
        guard path.utf8.contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "%") }) else { return false }
        let plain = path.replacing("%2e", with: ".").replacing("%2E", with: ".").replacing("%2f", with: "/")
            .replacing("%2F", with: "/").replacing("%5c", with: "/").replacing("%5C", with: "/").replacing(
                "\\", with: "/")
        return plain.split(separator: "/").contains { $0 == "." || $0 == ".." }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }

    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
