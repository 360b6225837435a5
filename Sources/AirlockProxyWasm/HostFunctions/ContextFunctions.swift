import Airlock
import WorkerLoop

/// Contexts, time and timers (Proxy-Wasm 0.2.1, "Context lifecycle", "Timers", "Clocks").
extension ProxyWasmABI {
    static var contextFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_set_effective_context") { (abi, call, id: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_set_effective_context"), call) { (vm) throws(Refusal) in
                    // 0 is no context: the callback's own counts again, as in Envoy.
                    guard id != 0 else { return vm.effective = nil }
                    // Filters that share a virtual machine must not act on each other's streams.
                    guard let context = vm.context(id), let root = context.root, root === vm.current?.root else {
                        throw .status(.badArgument)
                    }
                    vm.effective = context
                }
            },
            HostFunction("proxy_done") { (abi, call) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_done"), call) { (vm) throws(Refusal) in
                    guard let root = vm.active?.root, root.awaitsDone else { throw .status(.notFound) }
                    root.awaitsDone = false
                    vm.agenda.doneRoots.append(root)
                }
            },
            HostFunction("proxy_set_tick_period_milliseconds") {
                (abi, call, period: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_set_tick_period_milliseconds", needs: .setTickPeriodMilliseconds), call)
                {
                    (vm) throws(Refusal) in
                    guard let root = vm.active?.root else { throw .status(.internalFailure) }
                    root.tickPeriod = period == 0 ? nil : .milliseconds(Int64(period))
                    vm.agenda.noteTick(root)
                }
            },
            HostFunction("proxy_get_current_time_nanoseconds") {
                (abi, call, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_current_time_nanoseconds", needs: .getCurrentTimeNanoseconds), call)
                {
                    (_) throws(Refusal) in
                    try call.store(WallClock.nanoseconds, at: result)
                }
            },
            // Emscripten's and pthread's leftovers, which Envoy's host offers as well.
            HostFunction("emscripten_notify_memory_growth") { (_, _, _: UInt32) throws(HostError) in },
            HostFunction("pthread_equal") { (_, _, left: UInt32, right: UInt32) throws(HostError) -> UInt32 in
                left == right ? 1 : 0
            },
        ]
    }
}
