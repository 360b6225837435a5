import Metrics

/// Hands what the calls of one plugin on one worker loop used to the metrics system. Calls are counted by their pool in plain numbers and
/// handed over now and then, so that a call pays for a few additions only. Labels are the plugin's name and error codes: both sets
/// are bounded.
final class PluginMeters {
    private var reported = CallTotals()
    private let plugin: String
    private let calls: Counter
    private let fuel: Counter
    private let hostCalls: Counter
    private let memory: Gauge

    init(plugin: String) {
        self.plugin = plugin
        let dimensions = [("plugin", plugin)]
        calls = Counter(label: "airlock_plugin_calls_total", dimensions: dimensions)
        fuel = Counter(label: "airlock_plugin_fuel_total", dimensions: dimensions)
        hostCalls = Counter(label: "airlock_plugin_host_calls_total", dimensions: dimensions)
        memory = Gauge(label: "airlock_plugin_memory_bytes", dimensions: dimensions)
    }

    /// Counts a failed call by its cause.
    func count(_ error: PluginError) {
        Counter(
            label: "airlock_plugin_failures_total",
            dimensions: [("plugin", plugin), ("code", error.code.description)]
        ).increment()
    }

    /// Hands over what was counted since the last time.
    func flush(_ totals: CallTotals) {
        guard totals != reported else { return }
        calls.increment(by: totals.calls - reported.calls)
        fuel.increment(by: totals.fuelUsed &- reported.fuelUsed)
        hostCalls.increment(by: totals.hostCalls &- reported.hostCalls)
        memory.record(totals.memoryBytes)
        reported = totals
    }
}
