import Airlock
import Metrics

/// What the callbacks of one filter on one worker loop used, handed to swift-metrics at the end of each stream. The
/// only labels are the filter's name and error codes, both bounded sets.
struct FilterMeters {
    private var reported = CallTotals()
    private let filter: String
    private let calls: Counter
    private let fuel: Counter
    private let hostCalls: Counter

    init(filter: String) {
        self.filter = filter
        let dimensions = [("filter", filter)]
        calls = Counter(label: "airlock_filter_calls_total", dimensions: dimensions)
        fuel = Counter(label: "airlock_filter_fuel_total", dimensions: dimensions)
        hostCalls = Counter(label: "airlock_filter_host_calls_total", dimensions: dimensions)
    }

    /// Counts an event that ended a virtual machine.
    func count(_ error: PluginError) {
        Counter(
            label: "airlock_filter_failures_total",
            dimensions: [("filter", filter), ("code", error.code.description)]
        ).increment()
    }

    /// Hands over what was used since the last time.
    mutating func flush(_ totals: CallTotals) {
        guard totals.calls != reported.calls else { return }
        calls.increment(by: totals.calls &- reported.calls)
        fuel.increment(by: totals.fuelUsed &- reported.fuelUsed)
        hostCalls.increment(by: totals.hostCalls &- reported.hostCalls)
        reported = totals
    }
}
