public import Airlock

/// How a new version of a filter is tried as a canary.
public struct CanaryTerms: Sendable, Hashable {
    /// The part of the requests that it gets, above 0 and at most 1.
    public var share: Double
    /// How long it is tried, more than zero.
    public var window: Duration
    /// How many of its requests may fail.
    public var errorBudget: ErrorBudget
    /// Whether a request that it fails is given to the running version.
    public var fallsBack: Bool

    /// Terms with the defaults of the configuration reference.
    public init(
        share: Double = 0.05,
        window: Duration = .seconds(60),
        errorBudget: ErrorBudget = ErrorBudget(),
        fallsBack: Bool = true
    ) {
        self.share = share
        self.window = window
        self.errorBudget = errorBudget
        self.fallsBack = fallsBack
    }

    /// The strategy with these terms.
    public var strategy: ReloadStrategy {
        .canary(share: share, for: window, errorBudget: errorBudget, fallsBack: fallsBack)
    }
}
