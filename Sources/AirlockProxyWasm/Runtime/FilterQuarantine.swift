import Airlock

/// When a filter that fails again and again is not run any more, until it is readmitted or replaced.
///
/// No virtual machine is started for it any more; one that did not fail, on another worker loop, stays. Requests are treated as after a failure then: refused with 503, or let through where the ``FailurePolicy`` is ``FailurePolicy/open``.
/// Only the version that serves is watched; one that is being tried has its error budget.
public struct QuarantinePolicy: Sendable, Hashable {
    /// So many failures within ``window``, on all worker loops together, put the filter into quarantine; at least 1.
    public var failures: Int
    /// The stretch of time that failures are counted in.
    public var window: Duration

    /// Makes a policy; each argument left out keeps its default.
    public init(failures: Int = 5, window: Duration = .seconds(60)) {
        self.failures = failures
        self.window = window
    }
}

/// Watches one filter over all worker loops.
final class FilterQuarantine: Sendable {
    private let guardian: CrashGuard
    // The host has what runs the filter.
    private weak let host: PluginHost?

    init(_ policy: QuarantinePolicy, host: PluginHost) {
        // The first crash loop is the last one: what comes between failures is the failure policy's business.
        guardian = CrashGuard(CrashLoopPolicy(failures: policy.failures, window: policy.window, quarantineAfter: 1))
        self.host = host
    }

    var isQuarantined: Bool { guardian.isQuarantined }

    /// Throws while the filter is not to be run.
    func check(plugin: String, version: Int) throws(PluginError) {
        try guardian.check(plugin: plugin, version: version)
    }

    /// Counts a failure that ended a virtual machine.
    func note(_ error: PluginError, plugin: String, version: Int) {
        guard error.countsAsCrash, guardian.note() == .quarantined else { return }
        host?.send(.quarantined, plugin: plugin, version: version)
    }

    /// Lets the filter run again.
    func end() {
        guardian.readmit()
    }

    /// The same by an operator, who is listened to.
    func readmit(plugin: String, version: Int) {
        end()
        host?.send(.readmitted, plugin: plugin, version: version)
    }
}
