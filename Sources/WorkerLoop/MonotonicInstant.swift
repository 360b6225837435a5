internal import CLibuv

/// A point on the machine's monotonic clock, in one machine word: cheap enough to take twice per plugin call.
package struct MonotonicInstant: Sendable, Hashable, Comparable {
    /// Nanoseconds since an arbitrary moment before the process began.
    package let nanoseconds: UInt64

    /// The arbitrary moment that instants count from.
    package static let zero = MonotonicInstant(nanoseconds: 0)

    /// The current instant.
    package static var now: MonotonicInstant {
        MonotonicInstant(nanoseconds: uv_hrtime())
    }

    package static func - (end: MonotonicInstant, start: MonotonicInstant) -> Duration {
        .nanoseconds(Int64(end.nanoseconds &- start.nanoseconds))
    }

    package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}
