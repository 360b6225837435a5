/// Which addresses a plugin's requests may go to, whatever their host name says.
///
/// By default only what is public: loopback, private, link-local, unique-local, shared (carrier-grade NAT), multicast, reserved,
/// documentation and benchmarking ranges are refused, and with them the metadata addresses of clouds. IPv6 forms that wrap an IPv4 address
/// are judged by it: mapped ones and those of the NAT64 prefix `64:ff9b::/96` alone by it, 6to4, Teredo and compatible ones are refused in
/// any case.
public struct AddressPolicy: Sendable, Hashable {
    /// Ranges that are opened although they are not public. A range of 6to4, Teredo, `64:ff9b::/96` or IPv4-compatible addresses does not
    /// open IPv4 addresses wrapped in it that are not open themselves.
    ///
    /// Other prefixes of NAT64 are a network's own, and where they have the IPv4 address nobody else knows. To open one of them, such as one
    /// in `64:ff9b:1::/48`, opens all that its translator reaches: with `169.254.169.254` the cloud's metadata, perhaps.
    public var allowed: [IPRange]
    /// Ranges that are refused although they may be public, such as the public addresses of the operator's own services and NAT64 prefixes
    /// of the operator's network. They count more than ``allowed``.
    public var denied: [IPRange]

    /// What is public, and nothing else.
    public static let publicOnly = AddressPolicy()

    /// Makes a policy: what is public, the ranges that are opened, without those that are refused.
    public init(allowed: [IPRange] = [], denied: [IPRange] = []) {
        self.allowed = allowed
        self.denied = denied
    }

    /// Why no request may go to the address; nil where it may.
    public func refusal(of address: IPAddress) -> String? {
        if let range = denied.first(where: { $0.contains(address) }) {
            return "\(address) is in \(range), which the policy denies"
        }
        if !allowed.contains(where: { $0.contains(address) }) {
            if let special = SpecialRange.all.first(where: { $0.range.contains(address) }) {
                return "\(address) is in \(special.range) (\(special.purpose))"
            }
            if !address.isIPv4, !SpecialRange.unicast.contains(address), address.embeddedIPv4 == nil {
                return "\(address) is outside \(SpecialRange.unicast), the public addresses of IPv6"
            }
        }
        guard let embedded = address.embeddedIPv4, let reason = refusal(of: embedded) else { return nil }
        return "\(address) wraps an IPv4 address, and \(reason)"
    }
}
