import CLibuv

/// A point on a monotonic clock, in one machine word: cheap enough to take twice per plugin call.
package struct MonotonicInstant: Sendable {
    private let ticks: UInt64

    /// The current instant.
    package static var now: MonotonicInstant {
        MonotonicInstant(ticks: TickClock.shared.isCycles ? airlock_cycles() : uv_hrtime())
    }

    /// Nanoseconds since an arbitrary moment before the process began.
    package var nanoseconds: UInt64 {
        UInt64(TickClock.shared.nanoseconds(ticks))
    }

    package static func - (end: MonotonicInstant, start: MonotonicInstant) -> Duration {
        .nanoseconds(end.nanoseconds(since: start))
    }

    /// The same as a number, for code that has no time for `Duration`, which has 128 bits.
    package func nanoseconds(since start: MonotonicInstant) -> Int64 {
        // Counters of two cores may differ by a few ticks; time does not run backwards for that.
        TickClock.shared.nanoseconds(ticks > start.ticks ? ticks - start.ticks : 0)
    }
}

/// What a tick of ``MonotonicInstant`` is: one of the processor's counter where that is steady, else a nanosecond of the system's clock.
private struct TickClock {
    let isCycles: Bool
    /// Nanoseconds per tick, as a fixed-point number with 32 bits behind the point.
    private let scale: UInt64

    static let shared = TickClock()

    private init() {
        guard airlock_cycles_are_steady() else {
            isCycles = false
            scale = 1 << 32
            return
        }
        let start = Self.reading()
        while uv_hrtime() < start.nanoseconds + 2_000_000 {}
        let end = Self.reading()
        isCycles = true
        scale = ((end.nanoseconds - start.nanoseconds) << 32) / max(1, end.cycles &- start.cycles)
    }

    func nanoseconds(_ ticks: UInt64) -> Int64 {
        let product = ticks.multipliedFullWidth(by: scale)
        return Int64(clamping: product.high << 32 | product.low >> 32)
    }

    /// Both clocks at the same moment: of a few readings the one that was disturbed least.
    private static func reading() -> (cycles: UInt64, nanoseconds: UInt64) {
        var best: (width: UInt64, cycles: UInt64, nanoseconds: UInt64) = (.max, 0, 0)
        for _ in 0..<8 {
            let before = airlock_cycles()
            let nanoseconds = uv_hrtime()
            let width = airlock_cycles() &- before
            if width < best.width { best = (width, before + width / 2, nanoseconds) }
        }
        return (best.cycles, best.nanoseconds)
    }
}
