import WorkerLoop

/// Tokens that come back at a steady rate, up to `burst`. It may go below zero where something is charged only after it was used.
///
/// `now` is in nanoseconds of whatever clock; one that went back brings nothing.
package struct TokenBucket {
    package let rate: QuotaRate
    package private(set) var level: Double
    private var updated: UInt64

    /// A full bucket.
    package init(_ rate: QuotaRate, now: UInt64 = MonotonicInstant.now.nanoseconds) {
        self.rate = rate
        level = Double(rate.burst)
        updated = now
    }

    package mutating func refill(now: UInt64 = MonotonicInstant.now.nanoseconds) {
        guard now > updated else { return }
        level = min(Double(rate.burst), level + Double(now - updated) * rate.perNanosecond)
        updated = now
    }

    /// Takes `amount` if there is as much, and says whether there was.
    package mutating func take(_ amount: Double, now: UInt64 = MonotonicInstant.now.nanoseconds) -> Bool {
        refill(now: now)
        guard level >= amount else { return false }
        level -= amount
        return true
    }

    /// Takes `amount`, even where that leaves a debt.
    package mutating func charge(_ amount: Double, now: UInt64 = MonotonicInstant.now.nanoseconds) {
        refill(now: now)
        level -= amount
    }

    /// Whether something is left, at the least one unit.
    package mutating func hasSome(now: UInt64 = MonotonicInstant.now.nanoseconds) -> Bool {
        refill(now: now)
        return level >= 1
    }

    /// Time until there is as much as `amount`; nil where the bucket never holds as much.
    package func wait(for amount: Double) -> Duration? {
        guard amount <= Double(rate.burst), rate.perNanosecond > 0 else { return nil }
        return .nanoseconds(Int64(min(1e18, max(0, (amount - level) / rate.perNanosecond).rounded(.up))))
    }

    /// What is left as a count; 0 in debt.
    package var remaining: UInt64 { level > 0 ? UInt64(min(level, 1e18)) : 0 }
}
