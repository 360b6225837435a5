import WorkerLoop

/// How long calls hold one of a limited number of places, on average of the last hundred or so.
///
/// `now` is in nanoseconds of whatever clock; one that went back counts nothing.
package struct HoldTime {
    /// The sum, over the places, of the nanoseconds for which they were held.
    private var held = 0.0
    private var ended = 0.0
    private var updated: UInt64

    package init(now: UInt64 = MonotonicInstant.now.nanoseconds) {
        updated = now
    }

    /// Call it before the number of held places changes from `running`.
    package mutating func advance(running: Int, now: UInt64 = MonotonicInstant.now.nanoseconds) {
        guard now > updated else { return }
        held += Double(running) * Double(now - updated)
        updated = now
    }

    /// Call it when a place was given back.
    package mutating func end() {
        ended += 1
        guard ended >= 100 else { return }
        ended /= 2
        held /= 2
    }

    /// When one of `places`, all held, is likely to be free for the one that comes after `waiting` others; a millisecond at the least.
    /// Where none was given back yet, calls are taken to last twice as long as they have lasted.
    package func wait(places: Int, waiting: Int) -> Duration {
        let average = held / max(1, ended)
        let wait = average * Double(waiting + 1) / Double(max(1, places))
        return max(.milliseconds(1), .nanoseconds(Int64(min(1e18, wait.rounded(.up)))))
    }
}
