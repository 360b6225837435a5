/// An IPv4 or IPv6 address.
///
/// An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`) is the IPv4 address that it maps, so that there is one form to compare and to check.
public struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// Whether it is an IPv4 address.
    public let isIPv4: Bool
    /// The address as a number; an IPv4 address in the low 32 bits.
    let bits: UInt128

    /// An IPv4 address.
    init(v4 bits: UInt32) {
        isIPv4 = true
        self.bits = UInt128(bits)
    }

    /// An IPv6 address, or the IPv4 address that it maps.
    init(v6 bits: UInt128) {
        isIPv4 = bits >> 32 == 0xFFFF
        self.bits = isIPv4 ? bits & 0xFFFF_FFFF : bits
    }

    /// How many bits an address of this family has.
    var width: Int { isIPv4 ? 32 : 128 }

    /// The IPv4 address that this IPv6 address is a wrapping of: NAT64, 6to4, Teredo (the client's) or IPv4-compatible.
    var embeddedIPv4: IPAddress? {
        guard !isIPv4 else { return nil }
        let low = UInt32(truncatingIfNeeded: bits)
        switch true {
        case bits >> 32 == 0x64_FF9B_0000_0000_0000_0000 as UInt128: return IPAddress(v4: low)
        case bits >> 112 == 0x2002: return IPAddress(v4: UInt32(truncatingIfNeeded: bits >> 80))
        case bits >> 96 == 0x2001_0000: return IPAddress(v4: ~low)
        case bits >> 32 == 0 && bits > 1: return IPAddress(v4: low)
        default: return nil
        }
    }

    /// The text form: a dotted quad, or what RFC 5952 recommends for IPv6.
    public var description: String {
        guard !isIPv4 else {
            return (0..<4).map { "\((bits >> (24 - 8 * $0)) & 0xFF)" }.joined(separator: ".")
        }
        let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * $0)) }
        let zeros = Self.longestZeros(groups)
        func text(_ part: ArraySlice<UInt16>) -> String {
            part.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard zeros.count > 1 else { return text(groups[...]) }
        return "\(text(groups[..<zeros.lowerBound]))::\(text(groups[zeros.upperBound...]))"
    }

    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<index + 1
            }
        }
        return longest
    }
}
