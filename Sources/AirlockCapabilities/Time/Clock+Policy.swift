public import Airlock

extension Clock {
    /// Reads a grant from a policy: `time` (`real`, `monotonic` or `frozen`), `frozenAt` (seconds since 1970, for `frozen`) and
    /// `resolution`.
    public init(policy fields: inout ManifestFields) throws(PluginError) {
        let kind = try fields.choice("time", of: ["real": Kind.real, "monotonic": .monotonic, "frozen": .frozen])
        let seconds = try fields.integer("frozenAt", in: 0...Self.latestSecond)
        let time: Time =
            switch kind ?? .real {
            case .real: .real
            case .monotonic: .monotonic
            case .frozen: .frozen(at: .seconds(seconds ?? 0))
            }
        if seconds != nil, kind != .frozen { throw fields.wrong("frozenAt", expected: "it with 'time: frozen' only") }
        self.init(time, resolution: try fields.duration("resolution") ?? .nanoseconds(1))
    }

    /// A wish may name `time` (`real` or `monotonic`) and `resolution`; the coarser resolution counts. Where time is frozen it stays so.
    /// - Throws: ``PluginError/Code/denied`` where it asks for the time of day and the monotonic clock only is granted.
    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> Self {
        try wish.read { (fields) throws(PluginError) in
            let wished = try fields.choice("time", of: ["real": Time.real, "monotonic": .monotonic])
            if wished == .real, time == .monotonic {
                throw PluginError(
                    .denied, message: "the wish '\(Self.id)' asks for real time; granted is the monotonic clock only")
            }
            var clock = self
            clock.time = wished == .monotonic && time == .real ? .monotonic : time
            clock.resolution = max(resolution, try fields.duration("resolution") ?? resolution)
            return clock
        }
    }

    private enum Kind { case real, monotonic, frozen }

    /// The last second whose nanoseconds an `i64` of the guest can count, in the year 2262.
    private static let latestSecond = Int(Int64.max / 1_000_000_000)
}
