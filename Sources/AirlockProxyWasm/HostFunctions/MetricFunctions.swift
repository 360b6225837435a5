import Airlock

/// Metrics (Proxy-Wasm 0.2.1, "Metrics").
extension ProxyWasmABI {
    static var metricFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_define_metric") {
                (abi, call, type: UInt32, name: GuestBytes, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_define_metric", needs: .defineMetric), call) { (vm) throws(Refusal) in
                    let name = try call.copy(name, limit: FilterMetrics.maximumNameBytes)
                    guard let type = MetricType(rawValue: type) else { throw .status(.badArgument) }
                    let metric = vm.space.metrics.define(type, name: name)
                    if metric == FilterMetrics.uncounted { vm.logTooManyMetrics() }
                    try call.store(metric, at: result)
                }
            },
            HostFunction("proxy_increment_metric") {
                (abi, call, metric: UInt32, offset: Int64) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_increment_metric", needs: .incrementMetric), call) {
                    (vm) throws(Refusal) in
                    try vm.space.metrics.increment(metric, by: offset).orRefuse()
                }
            },
            HostFunction("proxy_record_metric") {
                (abi, call, metric: UInt32, value: UInt64) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_record_metric", needs: .recordMetric), call) { (vm) throws(Refusal) in
                    try vm.space.metrics.record(metric, value).orRefuse()
                }
            },
            HostFunction("proxy_get_metric") {
                (abi, call, metric: UInt32, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_metric", needs: .getMetric), call) { (vm) throws(Refusal) in
                    switch vm.space.metrics.value(metric) {
                    case .success(let value): try call.store(value, at: result)
                    case .failure(let error): throw .status(error.status)
                    }
                }
            },
        ]
    }
}
