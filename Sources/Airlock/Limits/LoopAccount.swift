import Wasmtime
import WorkerLoop

/// What the calls of one plugin on one worker loop used, by version, and whether it may use more. Confined to that loop.
final class LoopAccount {
    private struct VersionTotals {
        let version: Int
        var totals = CallTotals()
    }

    /// Versions that are told apart; what older ones used stays in the sum.
    private static let versions = 16

    private let plugin: String
    private var fuelPerCall: UInt64
    private let quota: Quota?
    private let crashGuard: CrashGuard?
    private let budget: LoopBudget?
    /// The share of a version that is being tried: it takes nothing from the one that serves.
    private var trial: (version: Int, budget: LoopBudget)?
    /// Whether the budget is charged at each turn of a call instead of at its end.
    private let countsTurns: Bool
    private let mayBeRefused: Bool
    private let events: EventHub
    private let meters: PluginMeters
    private var version = 0
    /// What the current version's calls used, in two parts of which most calls touch one only.
    private var run = CallTotals.Run()
    private var hostUse = CallTotals.HostUse()
    private var earlier: [VersionTotals] = []
    private var forgotten = CallTotals()

    init(_ specification: PluginSpecification, events: EventHub, countsTurns: Bool = false) {
        self.countsTurns = countsTurns
        plugin = specification.name
        fuelPerCall = specification.limits.fuel
        quota = specification.quota
        crashGuard = specification.crashGuard
        budget = specification.limits.loopShare.map { LoopBudget($0) }
        mayBeRefused = crashGuard != nil || quota != nil || budget != nil
        self.events = events
        meters = PluginMeters(plugin: plugin)
    }

    /// Throws where the plugin may not run now.
    @inline(__always)
    func checkMayBegin() throws(PluginError) {
        guard mayBeRefused else { return }
        if let crashGuard { try crashGuard.check(plugin: plugin, version: version) }
        if let quota { try quota.checkFuel(plugin: plugin, version: version) }
        if let budget, !budget.hasTime { throw budget.refusal(plugin: plugin, version: version) }
    }

    /// The same for a version that may be one that is being tried.
    func checkMayBegin(of version: PluginVersion) throws(PluginError) {
        guard let trial, trial.version == version.number else { return try checkMayBegin() }
        if let crashGuard { try crashGuard.check(plugin: plugin, version: version.number) }
        if let quota { try quota.checkFuel(plugin: plugin, version: version.number) }
        if !trial.budget.hasTime { throw trial.budget.refusal(plugin: plugin, version: version.number) }
    }

    /// Nanoseconds that a call which begins now may hold the loop; the largest number where only its deadline limits it.
    var allowance: Int64 { budget?.allowance() ?? .max }

    /// The same for a call of a version that may be one that is being tried.
    func allowance(of version: PluginVersion) -> Int64 { budget(of: version.number)?.allowance() ?? .max }

    private func budget(of version: Int) -> LoopBudget? {
        if let trial, trial.version == version { trial.budget } else { budget }
    }

    /// Nanoseconds that an instance may hold the loop while it starts: a whole burst, whatever is left. A version that replaces one which
    /// used up the share must be able to start.
    var startAllowance: Int64 { budget?.burst ?? .max }

    /// Charges one turn of a call. Returns why the call must end, if it must.
    /// - Parameter start: the time of all turns until now, where the instance is starting.
    func countTurn(_ time: Duration, of version: Int, ofStart start: Duration?) -> StopReason? {
        guard let budget = budget(of: version) else { return nil }
        budget.charge(nanoseconds: Int64(clamping: time.wholeNanoseconds))
        let goesOn = start.map { $0.wholeNanoseconds < UInt64(budget.burst) } ?? budget.hasTime
        return goesOn ? nil : .loopShare
    }

    /// A version is about to serve.
    func open(_ version: PluginVersion) {
        trial = nil
        guard version.number != self.version else { return }
        if self.version > 0 { keep(current) }
        self.version = version.number
        fuelPerCall = version.limits.fuel
        (run, hostUse) = (CallTotals.Run(), CallTotals.HostUse())
    }

    /// A version is about to be tried beside the one that serves.
    func track(_ version: PluginVersion) {
        keep(VersionTotals(version: version.number))
        trial = version.limits.loopShare.map { (version.number, LoopBudget($0)) }
    }

    /// It is not tried any more.
    func endTrial() {
        trial = nil
    }

    private func keep(_ totals: VersionTotals) {
        if let index = earlier.firstIndex(where: { $0.version == totals.version }) {
            earlier[index].totals.add(totals.totals)
            return
        }
        earlier.append(totals)
        guard earlier.count >= Self.versions else { return }
        forgotten.add(earlier.removeFirst().totals)
    }

    private var current: VersionTotals { VersionTotals(version: version, totals: CallTotals(run, hostUse)) }

    @inline(__always)
    func count(_ report: CallReport, version: Int) {
        quota?.charge(fuel: report.fuelUsed)
        chargeLoop(report, version)
        if version == self.version {
            // In and out: an access that lasts as long as the addition would be checked at run time.
            var sum = run
            sum.add(report)
            run = sum
            if report.hasHostUse { hostUse.add(report) }
        } else if let index = earlier.firstIndex(where: { $0.version == version }) {
            earlier[index].totals.add(report)
        } else {
            forgotten.add(report)
        }
    }

    /// Charges what making an instance used. It is no call.
    func countStart(_ report: CallReport, of version: PluginVersion) {
        quota?.charge(fuel: report.fuelUsed)
        chargeLoop(report, version.number)
    }

    /// Charges what making an instance used that did not come to be.
    func countFailedStart(_ error: PluginError, of version: PluginVersion) {
        guard let report = error.report else { return }
        countStart(report, of: version)
        quota?.charge(fuel: error.uncountedFuel(of: version.limits.fuel))
    }

    @inline(__always)
    private func chargeLoop(_ report: CallReport, _ version: Int) {
        guard let budget, !countsTurns else { return }
        let charged = version == self.version ? budget : self.budget(of: version)
        charged?.charge(nanoseconds: report.nanoseconds.loop)
    }

    /// Counts a call that failed.
    func count(_ error: PluginError, version: Int, endedInstance: Bool) {
        if let report = error.report {
            count(report, version: version)
            quota?.charge(fuel: error.uncountedFuel(of: fuelPerCall))
        }
        meters.count(error)
        guard endedInstance else { return }
        events.send(.instanceDiscarded(error), plugin: plugin, version: version)
        // A version that is being tried, or was replaced, is no reason to keep the one that serves from serving.
        guard version == self.version, let crashGuard, error.countsAsCrash else { return }
        switch crashGuard.note() {
        case .goesOn: break
        case .paused(let pause): events.send(.paused(for: pause), plugin: plugin, version: version)
        case .quarantined: events.send(.quarantined, plugin: plugin, version: version)
        }
    }

    /// The error with how long to wait, where the call was cut because the share of the loop is used up.
    func withWait(_ error: PluginError) -> PluginError {
        guard error.quota == LoopBudget.name, let budget = budget(of: error.version) else { return error }
        var error = error
        error.retryAfter = budget.refusal(plugin: plugin, version: version).retryAfter
        return error
    }

    var totals: CallTotals {
        totalsByVersion.values.reduce(into: forgotten) { $0.add($1) }
    }

    var totalsByVersion: [Int: CallTotals] {
        var result: [Int: CallTotals] = [:]
        for entry in earlier + [current] where entry.version > 0 {
            result[entry.version, default: CallTotals()].add(entry.totals)
        }
        return result
    }

    func flushMeters() {
        meters.flush(totals)
    }
}

extension PluginError {
    /// Whether the plugin is to blame.
    package var countsAsCrash: Bool {
        // A quota may have been used up by others.
        if code == .quotaExceeded { return quota == LoopBudget.name }
        return ![Code.cancelled, .stopped, .overloaded, .quarantined].contains(code)
    }

    /// Fuel to charge besides what the report says, of the amount that the call was given: where a tick of the epoch stopped the guest, the
    /// engine does not know how much it used.
    func uncountedFuel(of given: UInt64) -> UInt64 {
        let isStoppedByTick = [Code.deadline, .cancelled].contains(code) || quota == LoopBudget.name
        return isStoppedByTick ? report?.uncountedFuel(of: given) ?? 0 : 0
    }
}
