extension RequestTarget {
    /// A target whose path has the form; its query stays as it is. Nil where the path is refused.
    /// - Parameter target: as ``encoded(_:)`` returns it.
    static func formed(_ target: String, _ form: PathForm) -> String? {
        guard form != PathForm() else { return target }
        let path = target.prefix { $0 != "?" }
        var bytes: [UInt8] = []
        var rest = path.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.popFirst(), let low = rest.popFirst() {
                let code = value(high) << 4 | value(low)
                if form.refusesEscapedSlashes, code == UInt8(ascii: "/") || code == UInt8(ascii: "\\") { return nil }
                if !form.isNormalized {
                    bytes += [byte, high, low]
                } else if isUnreserved(code) {
                    bytes.append(code)
                } else {
                    bytes += [byte, digit(code >> 4), digit(code & 0xF)]
                }
            } else if byte == UInt8(ascii: "/"), form.mergesSlashes, bytes.last == byte {
                continue
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self) + target[path.endIndex...]
    }

    /// What means the same encoded and plain (RFC 3986, section 2.3).
    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    private static func value(_ digit: UInt8) -> UInt8 { digit <= 0x39 ? digit &- 0x30 : (digit | 0x20) &- 0x57 }
}
