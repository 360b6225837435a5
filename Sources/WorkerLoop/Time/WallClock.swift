#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The system's time of day.
package enum WallClock {
    /// Nanoseconds since 1970, UTC.
    package static var nanoseconds: UInt64 {
        var time = timespec()
        // The call fails only for a clock that does not exist or a pointer that is not valid.
        guard unsafe clock_gettime(CLOCK_REALTIME, &time) == 0 else { return 0 }
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
