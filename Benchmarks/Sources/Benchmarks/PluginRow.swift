import Airlock
import Logging
import WorkerLoop

extension Row {
    /// A call through `Plugin` from a task on the plugin's own loop, with fuel, deadline and report, against
    /// `wasmtime_func_call_unchecked`.
    static func pluginCall() async throws -> Row {
        let count = 10_000
        let guest = try CGuest(pooled: false)
        let host = try PluginHost(PluginHostConfiguration(compilation: .inProcess), logger: Logger(label: "benchmarks"))
        let plugin = try await host.load(.wat(Guest.addText), name: "add")
        let add = try plugin.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
        let expected = Int32((count - 1) & 0xFFFF) + 1
        let loop = host.loops[0]
        let row = try await measure("plugin-call", goal: 8) {
            try nanoseconds(per: count) {
                try BenchmarkError.require(guest.add(times: count) == expected, "the C call went wrong")
            }
        } subject: {
            try await withTaskExecutorPreference(loop.taskExecutor) {
                try await nanoseconds(per: count) {
                    var last: Int32 = 0
                    for index in 0..<count {
                        last = try await plugin.call(add, Int32(truncatingIfNeeded: index & 0xFFFF), 1).value
                    }
                    try BenchmarkError.require(last == expected, "the plugin's call went wrong")
                }
            }
        }
        await host.shutdown()
        return row
    }
}
