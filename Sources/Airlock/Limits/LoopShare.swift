import WorkerLoop

/// How much of a worker loop's time one plugin may hold. A call that runs to completion holds its loop until it ends, so that without a
/// share a plugin can hold it for its deadline at each call.
///
/// Time is counted on each worker loop for itself. A call is cut when the share is used up (one of a suspendable plugin together with
/// the others that the plugin has in flight on that loop), and the next one is refused until some of it has
/// come back, both with ``PluginError/Code/quotaExceeded``.
public struct LoopShare: Sendable, Hashable {
    /// Time that comes back in each second, on each loop; more than zero, at most one second.
    public var perSecond: Duration
    /// The most that can be saved up, and so the longest that a call may hold its loop. It takes effect with the granularity of
    /// ``PluginHostConfiguration/epochTick``.
    public var burst: Duration

    /// Makes a share.
    public init(perSecond: Duration, burst: Duration) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// What is left of a plugin's share of one worker loop. Confined to that loop.
package final class LoopBudget {
    private var bucket: TokenBucket
    /// The shortest time, in nanoseconds, that an event gets which cannot be refused any more.
    private let leastTurn: Int64

    package init(_ share: LoopShare) {
        bucket = TokenBucket(
            QuotaRate(share.perSecond.wholeNanoseconds, burst: max(1, share.burst.wholeNanoseconds)))
        leastTurn = 1_000_000
    }

    /// Whether some of the share is left.
    package var hasTime: Bool { bucket.hasSome() }

    /// Whether it is overdrawn by more than a whole burst, by events that could not be refused one by one.
    package var isOverdrawn: Bool {
        bucket.refill()
        return bucket.level < -Double(bucket.rate.burst)
    }

    /// The most nanoseconds that can be saved up.
    var burst: Int64 { Int64(clamping: bucket.rate.burst) }

    /// Nanoseconds that a call may take which begins now.
    func allowance() -> Int64 {
        bucket.refill()
        return max(leastTurn, Int64(clamping: bucket.remaining))
    }

    func charge(nanoseconds: Int64) {
        bucket.charge(Double(nanoseconds))
    }

    /// The refusal of a call, and how long to wait.
    package func refusal(plugin: String, version: Int) -> PluginError {
        bucket.refill()
        let rate = bucket.rate
        var error = PluginError(
            .quotaExceeded,
            plugin: plugin,
            version: version,
            message: "the plugin has used up its share of the worker loop's time, \(rate.amount) ns in a second",
            limit: rate.burst,
            used: rate.burst - min(rate.burst, bucket.remaining)
        )
        error.quota = Self.name
        error.retryAfter = bucket.wait(for: 1)
        return error
    }

    /// How errors name the share.
    package static let name = "loopShare"
}
