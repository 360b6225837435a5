public import Airlock

/// A range of addresses in CIDR notation, such as `10.0.0.0/8` or `fd00::/8`.
public struct IPRange: Sendable, Hashable, CustomStringConvertible {
    let base: IPAddress
    let prefix: Int

    init(_ base: IPAddress, prefix: Int) {
        self.base = base
        self.prefix = prefix
    }

    /// Reads CIDR notation; an address alone is the range of that one address.
    /// - Throws: ``PluginError/Code/configuration`` where the text is none, or has bits behind the prefix.
    public init(_ text: String) throws(PluginError) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let base = IPAddress(String(first)) else {
            throw PluginError(
                .configuration, message: "'\(text)' is no range of addresses: expected one such as 10.0.0.0/8")
        }
        // The prefix of a mapped address counts the 96 bits that the IPv4 address does not have.
        let skipped = base.isIPv4 && first.contains(":") ? 96 : 0
        var prefix = base.width
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy(\.isDigit), let bits = Int(parts[1]),
                (skipped...(base.width + skipped)).contains(bits)
            else {
                throw PluginError(
                    .configuration,
                    message:
                        "'\(text)' is no range of addresses: expected \(skipped) to \(base.width + skipped) behind the slash"
                )
            }
            prefix = bits - skipped
        }
        self.init(base, prefix: prefix)
        guard base.bits & ~mask == 0 else {
            throw PluginError(
                .configuration, message: "'\(text)' is no range of addresses: it has bits behind the prefix")
        }
    }

    private var mask: UInt128 {
        prefix == 0 ? 0 : ~0 << UInt128(base.width - prefix)
    }

    /// Whether the address is in the range.
    public func contains(_ address: IPAddress) -> Bool {
        address.isIPv4 == base.isIPv4 && address.bits & mask == base.bits & mask
    }

    public var description: String { "\(base)/\(prefix)" }
}
