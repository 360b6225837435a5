/// How a new version of a plugin takes over from the running one, once it has been compiled, started and probed.
public struct ReloadStrategy: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case immediate
        case manual
        case canary(Trial.Terms)
        case shadow(Trial.Terms)
    }

    let kind: Kind

    /// It takes over at once.
    public static let immediate = ReloadStrategy(kind: .immediate)

    /// It is staged: it serves nothing until ``PluginReleases/promote(_:)``.
    public static let manual = ReloadStrategy(kind: .manual)

    /// It serves a share of the calls, and takes over when the window has passed within the error budget. When the budget is overdrawn it is
    /// taken out at once and its digest is quarantined.
    ///
    /// Which calls it serves is decided by their ``RoutingKey``, so that one user stays on one version; calls without a key are spread evenly.
    ///
    /// - Parameters:
    ///   - share: the part of the calls, above 0 and at most 1.
    ///   - window: how long it is tried, more than zero.
    ///   - errorBudget: how many of its calls may fail.
    ///   - fallsBack: whether a call that fails by the new version's fault is made again on the running version, so that its caller notices
    ///     nothing but the time that the failed attempt took. What that did by host functions is done twice then.
    public static func canary(
        share: Double,
        for window: Duration,
        errorBudget: ErrorBudget = ErrorBudget(),
        fallsBack: Bool = true
    ) -> ReloadStrategy {
        ReloadStrategy(
            kind: .canary(.init(share: share, window: window, errorBudget: errorBudget, fallsBack: fallsBack)))
    }

    /// It gets copies of a share of the calls, whose results are compared with those of the running version and thrown away. When the window
    /// has passed it is staged, and ``PluginReleases/list()`` says how often it failed or differed.
    ///
    /// The copies run after the call that they are copies of, on the same worker loop, and call the same host functions: give the plugin only
    /// what may be done twice. Compared are the result, bit by bit, and the code of an error. Overdrawing the error budget, in which a
    /// difference counts as a failure, ends it as it ends a canary.
    ///
    /// - Parameters:
    ///   - share: the part of the calls, above 0 and at most 1.
    ///   - window: how long it is tried, more than zero.
    ///   - errorBudget: how many of its calls may fail or differ.
    public static func shadow(
        share: Double = 1,
        for window: Duration,
        errorBudget: ErrorBudget = ErrorBudget()
    ) -> ReloadStrategy {
        ReloadStrategy(
            kind: .shadow(.init(share: share, window: window, errorBudget: errorBudget, fallsBack: false)))
    }

    func check(plugin: String) throws(PluginError) {
        switch kind {
        case .immediate, .manual: return
        case .canary(let terms), .shadow(let terms): try terms.check(plugin: plugin)
        }
    }
}

/// How many calls of a version that is being tried may fail.
public struct ErrorBudget: Sendable, Hashable {
    /// The part of the calls that may fail, from 0 to 1.
    public var share: Double
    /// As long as there were fewer calls, the share is taken of this many. With 0.01 of 100 calls the second failure overdraws the budget.
    public var calls: Int

    /// Makes a budget.
    /// - Parameters:
    ///   - share: the part of the calls that may fail, from 0 to 1.
    ///   - calls: how many calls the share is taken of at the least; 1 or more.
    public init(share: Double = 0.01, ofAtLeast calls: Int = 100) {
        self.share = share
        self.calls = calls
    }

    func allows(failures: Int, of made: Int) -> Bool {
        Double(failures) <= share * Double(max(calls, made))
    }
}

/// How new versions of a plugin come into service, and how old ones leave it.
public struct ReloadPolicy: Sendable {
    /// What a new version must pass on each worker loop before it serves anything: it gets the instance that is to serve there, under the
    /// limits of one call. It refuses the version by throwing. For plugins that run to completion.
    public typealias Probe = @Sendable (borrowing PluginSession, PluginVersion) throws(PluginError) -> Void

    /// How a new version takes over, unless a reload says otherwise.
    public var strategy: ReloadStrategy
    /// The health check of a new version; nil for none but its start.
    public var probe: Probe?
    /// How long calls and streams of a replaced version may go on before they are stopped.
    public var drainDeadline: Duration
    /// How many replaced versions are kept, so that ``PluginReleases/rollBack(to:)`` needs no compiling.
    public var keptVersions: Int

    /// Makes a policy.
    /// - Parameters:
    ///   - strategy: how a new version takes over.
    ///   - probe: the health check of a new version.
    ///   - drainDeadline: how long calls of a replaced version may go on, zero or more.
    ///   - keptVersions: how many replaced versions are kept, 0 to 16.
    public init(
        strategy: ReloadStrategy = .immediate,
        probe: Probe? = nil,
        drainDeadline: Duration = .seconds(30),
        keptVersions: Int = 2
    ) {
        self.strategy = strategy
        self.probe = probe
        self.drainDeadline = drainDeadline
        self.keptVersions = keptVersions
    }

    func check(plugin: String) throws(PluginError) {
        try strategy.check(plugin: plugin)
        guard drainDeadline >= .zero, (0...16).contains(keptVersions) else {
            throw PluginError(
                .configuration,
                plugin: plugin,
                message:
                    "the reload policy has a drain deadline of \(drainDeadline) and keeps \(keptVersions) versions, expected zero or more, "
                    + "and 0 to 16"
            )
        }
    }
}
