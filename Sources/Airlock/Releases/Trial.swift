import Synchronization

/// A version that serves a share of a plugin's calls, or gets copies of them, and what came of it; shared by all worker loops.
package final class Trial: Sendable {
    /// What was agreed for a trial.
    struct Terms: Sendable, Hashable, CustomStringConvertible {
        var share: Double
        var window: Duration
        var errorBudget: ErrorBudget
        var fallsBack: Bool

        var description: String {
            "a share of \(share) for \(window), an error budget of \(errorBudget.share) of at least \(errorBudget.calls) calls"
                + (fallsBack ? ", falling back" : "")
        }

        func check(plugin: String) throws(PluginError) {
            guard share > 0, share <= 1, window > .zero, (0...1).contains(errorBudget.share), errorBudget.calls >= 1
            else {
                throw PluginError(
                    .configuration,
                    plugin: plugin,
                    message:
                        "a version is to be tried with a share of \(share) for \(window) and an error budget of \(errorBudget.share) of "
                        + "\(errorBudget.calls) calls, expected a share above 0 up to 1, more than zero, 0 to 1 and at least 1"
                )
            }
        }
    }

    private struct Counts {
        var calls = 0
        var failures = 0
        var differences = 0
    }

    let terms: Terms
    let isShadow: Bool
    private let salt: UInt64
    private let overdrawn: @Sendable (Trial) -> Void
    private let isOpen = Atomic<Bool>(true)
    private let counts = Mutex(Counts())
    private let unkeyed = Atomic<UInt64>(0)

    /// - Parameter overdrawn: called once, from any thread, when the error budget does not allow what has happened.
    init(of version: PluginVersion, _ terms: Terms, isShadow: Bool, overdrawn: @escaping @Sendable (Trial) -> Void) {
        self.terms = terms
        self.isShadow = isShadow
        salt = RoutingKey(version.digest).hash
        self.overdrawn = overdrawn
    }

    /// Whether a call is one for the new version.
    package func takes(_ key: RoutingKey?) -> Bool {
        guard isOpen.load(ordering: .relaxed) else { return false }
        if let key { return key.position(for: salt) < terms.share }
        // Multiples of the golden ratio are spread evenly, however many there are.
        let next = unkeyed.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        return Double(next >> 11) * 0x1p-53 < terms.share
    }

    /// Whether a failed call of the new version is made again on the running one.
    package var fallsBack: Bool { terms.fallsBack }

    /// Whether a call that failed like this on the new version is made again on the running one.
    func makesAgain(_ error: PluginError) -> Bool {
        let began = error.report != nil || [.cancelled, .stopped].contains(error.code)
        return terms.fallsBack && (error.countsAsCrash || !began)
    }

    /// Counts a call that failed on the new version and was made again on the running one.
    /// - Parameter second: what that failed with. What fails alike on both is the call's fault.
    func note(_ error: PluginError, madeAgain second: PluginError?) {
        guard second?.code != error.code else { return }
        note(error)
    }

    /// Counts a call of the new version.
    /// - Parameters:
    ///   - error: what it failed with. What is not the version's fault, such as a cancelled task, does not count.
    ///   - differs: whether it had another result than the running version.
    /// - Returns: Whether it failed by the version's fault.
    @discardableResult
    package func note(_ error: PluginError?, differs: Bool = false) -> Bool {
        if let error, !error.countsAsCrash { return false }
        // A copy that fails as the call did that it is a copy of is as good as the running version.
        let failed = error != nil && (differs || !isShadow)
        let isOverdrawn = counts.withLock { counts in
            counts.calls += 1
            if failed { counts.failures += 1 } else if differs { counts.differences += 1 }
            return !terms.errorBudget.allows(failures: counts.failures + counts.differences, of: counts.calls)
        }
        if isOverdrawn, isOpen.exchange(false, ordering: .relaxed) { overdrawn(self) }
        return error != nil
    }

    var isOverdrawn: Bool { !allows(moreFailures: 0) }

    /// Whether it would be within its budget if so many calls more failed.
    func allows(moreFailures more: Int) -> Bool {
        let result = result
        return terms.errorBudget.allows(
            failures: result.failures + result.differences + more, of: result.calls + more)
    }

    /// Sends no more calls to the new version.
    func close() {
        isOpen.store(false, ordering: .relaxed)
    }

    var result: TrialResult {
        let counts = counts.withLock { $0 }
        return TrialResult(calls: counts.calls, failures: counts.failures, differences: counts.differences)
    }
}

/// What came of trying a version.
public struct TrialResult: Sendable, Hashable {
    /// Calls that it served, or got copies of.
    public var calls = 0
    /// Calls that failed by its fault.
    public var failures = 0
    /// Copies of calls that had another result, or another error, than the running version's.
    public var differences = 0

    /// Makes a result.
    public init(calls: Int = 0, failures: Int = 0, differences: Int = 0) {
        self.calls = calls
        self.failures = failures
        self.differences = differences
    }
}

extension TrialResult: CustomStringConvertible {
    public var description: String { "\(failures) failures and \(differences) differences in \(calls) calls" }
}
