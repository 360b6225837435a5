import Foundation

/// The time of day, for filters and logs.
enum WallClock {
    /// Nanoseconds since 1970.
    static var nanoseconds: UInt64 { UInt64(max(0, Date().timeIntervalSince1970) * 1e9) }
}
