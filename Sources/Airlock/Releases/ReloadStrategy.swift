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
    ///   - window: how long it is tried, more than zero. A window without a call of it is followed by another one.
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
    ///   - window: how long it is tried, more than zero. A window without a copy is followed by another one.
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

extension ReloadStrategy: CustomStringConvertible {
    public var description: String {
        switch kind {
        case .immediate: "immediate"
        case .manual: "manual"
        case .canary(let terms): "canary with \(terms)"
        case .shadow(let terms): "shadow with \(terms)"
        }
    }
}
