/// A range of addresses that is not for traffic between strangers on the internet.
///
/// From the IANA registries of special-purpose IPv4 and IPv6 addresses (RFC 6890 and its updates), the multicast blocks, and one
/// metadata address that a cloud keeps outside of them.
struct SpecialRange {
    let range: IPRange
    let purpose: String

    /// The IPv6 addresses that are given out to the public. What is outside is refused even if the table does not name it.
    static let unicast = IPRange(IPAddress(v6: 0x2000 << 112), prefix: 3)

    static let all: [SpecialRange] = [
        v4(0, 0, 0, 0, 8, "this network"),
        v4(10, 0, 0, 0, 8, "private"),
        v4(100, 64, 0, 0, 10, "shared, carrier-grade NAT"),
        v4(127, 0, 0, 0, 8, "loopback"),
        v4(168, 63, 129, 16, 32, "cloud metadata"),
        v4(169, 254, 0, 0, 16, "link-local, cloud metadata"),
        v4(172, 16, 0, 0, 12, "private"),
        v4(192, 0, 0, 0, 24, "protocol assignments"),
        v4(192, 0, 2, 0, 24, "documentation"),
        v4(192, 31, 196, 0, 24, "AS112"),
        v4(192, 52, 193, 0, 24, "automatic multicast tunnelling"),
        v4(192, 88, 99, 0, 24, "6to4 relays"),
        v4(192, 168, 0, 0, 16, "private"),
        v4(192, 175, 48, 0, 24, "AS112"),
        v4(198, 18, 0, 0, 15, "benchmarking"),
        v4(198, 51, 100, 0, 24, "documentation"),
        v4(203, 0, 113, 0, 24, "documentation"),
        v4(224, 0, 0, 0, 4, "multicast"),
        v4(240, 0, 0, 0, 4, "reserved, broadcast"),
        v6(0, 0, 127, "unspecified and loopback"),
        v6(0, 0, 96, "IPv4-compatible"),
        v6(0x64, 0xFF9B_0001, 48, "NAT64 of a local network"),
        v6(0x100, 0, 64, "discard"),
        v6(0x2001, 0, 32, "Teredo"),
        v6(0x2001, 0, 23, "protocol assignments"),
        v6(0x2001, 0x0DB8_0000, 32, "documentation"),
        v6(0x2002, 0, 16, "6to4"),
        v6(0x2620, 0x004F_8000, 48, "AS112"),
        v6(0x3FFF, 0, 20, "documentation"),
        v6(0x5F00, 0, 16, "segment routing"),
        v6(0xFC00, 0, 7, "unique-local, cloud metadata"),
        v6(0xFE80, 0, 10, "link-local"),
        v6(0xFEC0, 0, 10, "site-local"),
        v6(0xFF00, 0, 8, "multicast"),
    ]

    private static func v4(_ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: UInt32, _ prefix: Int, _ purpose: String) -> Self
    {
        Self(range: IPRange(IPAddress(v4: a << 24 | b << 16 | c << 8 | d), prefix: prefix), purpose: purpose)
    }

    /// A range by the first 16 bits and the next 32.
    private static func v6(_ first: UInt128, _ next: UInt128, _ prefix: Int, _ purpose: String) -> Self {
        Self(range: IPRange(IPAddress(v6: first << 112 | next << 80), prefix: prefix), purpose: purpose)
    }
}
