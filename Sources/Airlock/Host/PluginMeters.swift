import Metrics
import WorkerLoop

/// Hands what the calls of one plugin on one worker loop used to the metrics system. Calls are counted by their pool in plain numbers and
/// handed over now and then, so that a call pays for a few additions only. Labels are the plugin's name, error codes and the host
/// functions that it was linked with: all of these sets are bounded. All go to the metrics factory that was in use when this was made.
final class PluginMeters {
    private var reported = CallTotals()
    private var reportedHostCalls: [String: UInt64] = [:]
    private let plugin: String
    private let factory: any MetricsFactory
    private let calls: Counter
    private let fuel: Counter
    private let output: Counter
    private let log: Counter
    private let egress: Counter
    private let wallTime: Counter
    private let loopTime: Counter
    private let memory: Gauge

    init(plugin: String) {
        self.plugin = plugin
        let factory = MetricsSystem.factory
        self.factory = factory
        let dimensions = [("plugin", plugin)]
        calls = Counter(label: "airlock_plugin_calls_total", dimensions: dimensions, factory: factory)
        fuel = Counter(label: "airlock_plugin_fuel_total", dimensions: dimensions, factory: factory)
        output = Counter(label: "airlock_plugin_output_bytes_total", dimensions: dimensions, factory: factory)
        log = Counter(label: "airlock_plugin_log_bytes_total", dimensions: dimensions, factory: factory)
        egress = Counter(label: "airlock_plugin_egress_bytes_total", dimensions: dimensions, factory: factory)
        wallTime = Counter(label: "airlock_plugin_wall_microseconds_total", dimensions: dimensions, factory: factory)
        loopTime = Counter(label: "airlock_plugin_loop_microseconds_total", dimensions: dimensions, factory: factory)
        memory = Gauge(label: "airlock_plugin_memory_bytes", dimensions: dimensions, factory: factory)
    }

    /// Counts a failed call by its cause.
    func count(_ error: PluginError) {
        Counter(
            label: "airlock_plugin_failures_total",
            dimensions: [("plugin", plugin), ("code", error.code.description)],
            factory: factory
        ).increment()
    }

    /// Hands over what was counted since the last time.
    func flush(_ totals: CallTotals) {
        guard totals != reported else { return }
        calls.increment(by: totals.calls - reported.calls)
        fuel.increment(by: totals.fuelUsed &- reported.fuelUsed)
        output.increment(by: totals.outputBytes &- reported.outputBytes)
        log.increment(by: totals.logBytes &- reported.logBytes)
        egress.increment(by: totals.egressBytes &- reported.egressBytes)
        wallTime.increment(by: totals.wallTime.microseconds - reported.wallTime.microseconds)
        loopTime.increment(by: totals.loopTime.microseconds - reported.loopTime.microseconds)
        memory.record(totals.memoryBytes)
        if totals.hostCalls != reported.hostCalls { flushHostCalls(totals.hostCallsByName.byName) }
        reported = totals
    }

    private func flushHostCalls(_ counts: [String: UInt64]) {
        for (function, count) in counts where count != reportedHostCalls[function, default: 0] {
            Counter(
                label: "airlock_plugin_host_calls_total",
                dimensions: [("plugin", plugin), ("function", function)],
                factory: factory
            ).increment(by: count &- reportedHostCalls[function, default: 0])
        }
        reportedHostCalls = counts
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { Int64(clamping: wholeNanoseconds / 1_000) }
}
