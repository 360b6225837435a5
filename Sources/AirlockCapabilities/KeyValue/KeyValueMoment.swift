import WorkerLoop

/// A moment of the time of day in milliseconds since 1970, as stores keep it.
package struct KeyValueMoment: Sendable, Comparable {
    package let milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Makes a moment of the time since 1970, rounded down.
    package init(since1970 duration: Duration) {
        milliseconds = duration.milliseconds(.down)
    }

    /// The system's time of day.
    package static var now: Self {
        KeyValueMoment(milliseconds: Int64(clamping: WallClock.nanoseconds / 1_000_000))
    }

    /// The moment when something that lives for so long from now on is over; nil where it never is.
    package func end(after lifetime: Duration?) -> Self? {
        guard let lifetime else { return nil }
        let (sum, overflow) = milliseconds.addingReportingOverflow(max(0, lifetime.milliseconds(.up)))
        return KeyValueMoment(milliseconds: overflow ? .max : sum)
    }

    package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }
}

extension Duration {
    /// Whole milliseconds, clamped to what an integer holds.
    fileprivate func milliseconds(_ rule: FloatingPointRoundingRule) -> Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (part, rest) = attoseconds.quotientAndRemainder(dividingBy: 1_000_000_000_000_000)
        let rounded = rule == .up && rest > 0 ? part + 1 : rule == .down && rest < 0 ? part - 1 : part
        let (sum, carry) = whole.addingReportingOverflow(rounded)
        return carry ? (rounded < 0 ? .min : .max) : sum
    }
}
