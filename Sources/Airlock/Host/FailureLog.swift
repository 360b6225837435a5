/// Lets ten failures of one plugin into the host's log in a second, and counts the others.
///
/// Whoever can make a plugin fail writes into the host's log by it.
package struct FailureLog {
    private var lines = TokenBucket(QuotaRate(10))
    private var left = 0

    package init() {}

    /// - Returns: How many failures were left out since the last one that was logged; nil where this one is to be left out as well.
    package mutating func take() -> Int? {
        guard lines.take(1) else {
            left += 1
            return nil
        }
        defer { left = 0 }
        return left
    }
}
