/// What becomes of a request when a filter fails: traps, runs out of fuel or memory, or overruns its deadline.
///
/// A failed virtual machine is thrown away whatever the policy. Each open stream that had a context in it follows its
/// own filter's policy; new streams use the replacement.
public enum FailurePolicy: Sendable, Hashable {
    /// The request is answered with 503, and the virtual machine is replaced at once.
    case closed
    /// The request goes on without the filter, and the virtual machine is replaced at once.
    case open
    /// The request is answered with 503. The virtual machine is replaced after a wait that doubles with each further
    /// failure; until then the filter's requests are answered with 503.
    case reload(backoff: ReloadBackoff)

    /// Whether a request that meets the failed filter is refused.
    var refusesRequests: Bool { self != .open }
}

/// How long to wait before a failed virtual machine is replaced.
public struct ReloadBackoff: Sendable, Hashable {
    /// The first wait.
    public var initial: Duration
    /// The longest wait.
    public var maximum: Duration
    /// A virtual machine that ran this long without failing starts the next series from ``initial``.
    public var resetAfter: Duration

    /// Sets the waits.
    public init(
        initial: Duration = .seconds(1),
        maximum: Duration = .seconds(60),
        resetAfter: Duration = .seconds(60)
    ) {
        self.initial = initial
        self.maximum = maximum
        self.resetAfter = resetAfter
    }

    /// The wait after that many failures in a row; zero after none.
    public func delay(afterFailures failures: Int) -> Duration {
        guard failures > 0 else { return .zero }
        var delay = initial
        // 63 doublings are beyond every maximum.
        for _ in 1..<min(failures, 64) {
            delay = delay > maximum / 2 ? maximum : delay * 2
        }
        return min(delay, maximum)
    }
}
