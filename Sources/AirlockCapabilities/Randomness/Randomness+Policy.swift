public import Airlock

extension Randomness {
    /// Reads a grant from a policy: `seed` (a whole number; the system's generator without it) and `bytesPerFill`.
    public init(policy fields: inout ManifestFields) throws(PluginError) {
        let seed = try fields.integer("seed", in: 0...Int.max)
        self.init(
            seed.map { .seeded(UInt64($0)) } ?? .system,
            bytesPerFill: try fields.byteCount("bytesPerFill") ?? Randomness().bytesPerFill
        )
    }

    /// A wish may name `bytesPerFill`; what is more than this grant is cut down to it.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        try wish.read { (fields) throws(PluginError) in
            Randomness(source, bytesPerFill: min(bytesPerFill, try fields.byteCount("bytesPerFill") ?? .max))
        }
    }
}
