/// What happens to a plugin that fails again and again: it is not run for a while, each time for twice as long, and in the end not until
/// somebody readmits it.
///
/// Failures that end an instance count: traps, limits, errors of host functions. Calls that were cancelled or refused do not.
public struct CrashLoopPolicy: Sendable, Hashable {
    /// So many failures within ``window`` are a crash loop; at least 1.
    public var failures: Int
    /// The stretch of time that failures are counted in.
    public var window: Duration
    /// How long the plugin is not run after the first crash loop; each following one doubles it.
    public var firstPause: Duration
    /// The longest pause, up to a year.
    public var longestPause: Duration
    /// After so many crash loops in a row the plugin is quarantined: not run until it is readmitted or replaced. A crash loop is in a row
    /// with the last one unless a pause and a ``window`` passed between them.
    public var quarantineAfter: Int

    /// Makes a policy; each argument left out keeps its default.
    public init(
        failures: Int = 5,
        window: Duration = .seconds(10),
        firstPause: Duration = .milliseconds(100),
        longestPause: Duration = .seconds(30),
        quarantineAfter: Int = 6
    ) {
        self.failures = failures
        self.window = window
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.quarantineAfter = quarantineAfter
    }
}
