extension IPAddress {
    /// Reads a dotted quad of four decimal numbers without leading zeros, or an IPv6 address as of RFC 4291 without a zone. Everything
    /// else that some systems take for an address (octal, hexadecimal, short and single-number forms) is nil.
    public init?(_ text: String) {
        if text.utf8.contains(UInt8(ascii: ":")) {
            guard let bits = Self.v6(text) else { return nil }
            self.init(v6: bits)
        } else {
            guard let bits = Self.v4(text[...]) else { return nil }
            self.init(v4: bits)
        }
    }

    private static func v4(_ text: Substring) -> UInt32? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.count), part.allSatisfy(\.isDigit) else { return nil }
            guard part.count == 1 || part.first != UInt8(ascii: "0") else { return nil }
            let value = part.reduce(0 as UInt32) { $0 * 10 + UInt32($1 - 0x30) }
            guard value <= 255 else { return nil }
            bits = bits << 8 | value
        }
        return bits
    }

    private static func v6(_ text: String) -> UInt128? {
        let halves = text.ranges(of: "::")
        guard halves.count <= 1 else { return nil }
        guard let gap = halves.first else {
            guard let all = groups(text[...], mayEndInIPv4: true), all.count == 8 else { return nil }
            return all.reduce(0) { $0 << 16 | UInt128($1) }
        }
        guard let head = groups(text[..<gap.lowerBound], mayEndInIPv4: false),
            let tail = groups(text[gap.upperBound...], mayEndInIPv4: true), head.count + tail.count < 8
        else { return nil }
        let zeros = Array(repeating: 0 as UInt16, count: 8 - head.count - tail.count)
        return (head + zeros + tail).reduce(0) { $0 << 16 | UInt128($1) }
    }

    private static func groups(_ text: Substring, mayEndInIPv4: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        guard text.utf8.count <= 45 else { return nil }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if mayEndInIPv4, index == parts.count - 1, let quad = v4(part) {
                groups += [UInt16(quad >> 16), UInt16(truncatingIfNeeded: quad)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(\.isHexDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }
}
