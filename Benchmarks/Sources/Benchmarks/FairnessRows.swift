import Airlock
import AirlockProxyWasm
import Logging
import Wasmtime

/// How long others wait for a plugin that takes all that it can get: the 99th percentile of short calls on the same worker loop, against
/// the loop's time slice.
extension Row {
    private static let slice = Duration.milliseconds(1)

    /// A suspendable plugin that never ends gives way at each slice.
    static func fairToSuspendable() async throws -> Row {
        try await fairness("fair-suspendable") { host in
            let hog = try await host.loadSuspendable(
                .wat(spinning), name: "hog", limits: PluginLimits(fuel: .max, deadline: .seconds(600)))
            let spin = try hog.function("spin")
            return Task { _ = try? await hog.call(spin) }
        }
    }

    /// A Proxy-Wasm filter that loops at each request is cut at its share of the loop.
    static func fairToFilter() async throws -> Row {
        try await fairness("fair-filter") { host in
            let runtime = ProxyWasmRuntime(host: host, logger: Logger(label: "benchmarks"))
            var configuration = FilterConfiguration(name: "hog", source: .wat(spinningFilter))
            configuration.limits.fuel = .max
            configuration.limits.deadline = .milliseconds(100)
            configuration.limits.loopShare = LoopShare(perSecond: .milliseconds(50), burst: slice)
            let chain = HTTPFilterChain([try await runtime.load(configuration)], runtime: runtime)
            return Task {
                while !Task.isCancelled {
                    let stream = await chain.openStream(StreamAttributes())
                    _ = await stream.requestHeaders(HeaderMap(), endOfStream: true)
                    _ = await stream.finish()
                    await Task.yield()
                }
                await runtime.shutdown()
            }
        }
    }

    private static func fairness(
        _ name: String, hog: (PluginHost) async throws -> Task<Void, Never>
    ) async throws -> Row {
        let logger = Logger(label: "benchmarks") { _ in SwiftLogNoOpLogHandler() }
        let host = try PluginHost(
            PluginHostConfiguration(workers: 1, epochTick: slice, compilation: .inProcess), logger: logger)
        let plugin = try await host.loadSuspendable(.wat(Guest.addText), name: "short")
        let add = try plugin.function("add", taking: Int32.self, Int32.self, returning: Int32.self)
        let busy = try await hog(host)
        // One call every two slices, whether the last one is back or not, so that a long stall counts as often as calls come in it.
        let calls = 1_000
        let start = ContinuousClock.now + .milliseconds(10)
        let waits = try await withThrowingTaskGroup(of: Duration.self) { group in
            for index in 0..<calls {
                let due = start + slice * (2 * index)
                try await Task.sleep(until: due, clock: .continuous)
                group.addTask {
                    let began = ContinuousClock.now
                    _ = try await plugin.call(add, 1, 2)
                    return .now - began
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        busy.cancel()
        await busy.value
        await host.shutdown()
        let p99 = waits.sorted()[calls * 99 / 100]
        return Row(name: name, value: p99 / .nanoseconds(1), floor: slice / .nanoseconds(1), goal: 3)
    }

    private static let spinning = #"(module (func (export "spin") (loop br 0)))"#

    private static let spinningFilter = #"""
        (module
          (memory (export "memory") 1)
          (func (export "proxy_abi_version_0_2_1"))
          (func (export "malloc") (param i32) (result i32) i32.const 1024)
          (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (loop br 0) unreachable))
        """#
}
