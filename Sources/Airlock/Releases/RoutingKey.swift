/// What decides whether a call is served by a version that is being tried: calls with the same key go to the same version, on every host.
///
///     try await plugin.call(price, routedBy: RoutingKey("customer-7"), amount)
public struct RoutingKey: Sendable, Hashable {
    let hash: UInt64

    /// Makes the key of a name, such as that of a user or a tenant.
    public init(_ name: some StringProtocol) {
        // FNV-1a of 64 bits; every process and machine gets the same number.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in name.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        self.hash = hash
    }

    /// A number from 0 up to 1, which differs from version to version, so that not always the same users try what is new.
    func position(for salt: UInt64) -> Double {
        // The finalizer of SplitMix64 spreads the bits.
        var bits = hash ^ salt
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        return Double(bits >> 11) * 0x1p-53
    }
}
