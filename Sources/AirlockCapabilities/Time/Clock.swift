public import Airlock
import WorkerLoop

/// Lets a plugin read the time.
///
/// Guests import from `airlock:clock`:
///
/// | function | WebAssembly type | |
/// | --- | --- | --- |
/// | `wall-time` | `() -> i64` | nanoseconds since 1970, UTC |
/// | `monotonic-time` | `() -> i64` | nanoseconds since some moment, never less than before |
/// | `resolution` | `() -> i64` | nanoseconds that both are rounded down to |
///
/// `wall-time` ends the call with ``PluginError/Code/denied`` where only the monotonic clock is granted.
public struct Clock: AttenuableCapability {
    public static let id: CapabilityID = "airlock:clock"

    /// Which time a plugin sees.
    public enum Time: Sendable, Hashable {
        /// The time of day and the time that passes.
        case real
        /// The time that passes, but not the time of day.
        case monotonic
        /// A time of day (since 1970, UTC) that stands still, for plugins that must do the same every time. The monotonic clock stands at
        /// zero.
        case frozen(at: Duration)
    }

    /// Which time a plugin sees.
    public internal(set) var time: Time
    /// What both clocks are rounded down to, at least a nanosecond. A coarse clock makes it harder to find out by timing what
    /// others on the same machine do.
    public internal(set) var resolution: Duration
    // The origin of the monotonic clock, so that a plugin does not learn how long the machine has run.
    private let start = MonotonicInstant.now

    /// Grants a clock.
    public init(_ time: Time = .real, resolution: Duration = .nanoseconds(1)) {
        self.time = time
        self.resolution = max(.nanoseconds(1), resolution)
    }

    public static let functions = HostFunctions<Self>(module: "airlock:clock") {
        HostFunction("wall-time") { (clock, _) throws(HostError) -> UInt64 in try clock.wallTime() }
        HostFunction("monotonic-time") { (clock, _) throws(HostError) -> UInt64 in clock.monotonicTime() }
        HostFunction("resolution") { (clock, _) throws(HostError) -> UInt64 in clock.resolutionNanoseconds }
    }

    /// Nanoseconds since 1970.
    func wallTime() throws(HostError) -> UInt64 {
        switch time {
        case .real: return coarse(WallClock.nanoseconds)
        case .frozen(let moment): return coarse(moment.wholeNanoseconds)
        case .monotonic:
            throw HostError(.denied, "the plugin asked for the time of day; granted is the monotonic clock only")
        }
    }

    /// Nanoseconds since the grant was made; 0 where time stands still.
    func monotonicTime() -> UInt64 {
        if case .frozen = time { return 0 }
        return coarse((MonotonicInstant.now - start).wholeNanoseconds)
    }

    /// Nanoseconds that both clocks are rounded down to.
    var resolutionNanoseconds: UInt64 { max(1, resolution.wholeNanoseconds) }

    private func coarse(_ nanoseconds: UInt64) -> UInt64 {
        nanoseconds - nanoseconds % resolutionNanoseconds
    }
}

extension Clock {
    public var summary: String {
        let step = resolution > .nanoseconds(1) ? ", in steps of \(resolution)" : ""
        return switch time {
        case .real: "real time\(step)"
        case .monotonic: "monotonic time\(step)"
        case .frozen(let moment): "time frozen at \(moment) after 1970\(step)"
        }
    }
}
