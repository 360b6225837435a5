import Airlock
import Logging

/// Logging (Proxy-Wasm 0.2.1, "Logging").
extension ProxyWasmABI {
    /// The longest message in bytes; the rest is cut.
    static let maximumMessageBytes = 16 << 10

    static var logFunctions: [HostFunction<Self>] {
        [
            HostFunction("proxy_log") { (abi, call, level: UInt32, text: GuestBytes) throws(HostError) -> UInt32 in
                try abi.answer(
                    Use(name: "proxy_log", needs: .writeLog, whileStarting: true, whileAllocating: true), call
                ) { (vm) throws(Refusal) in
                    guard let level = Logger.Level(proxyWasm: level) else { throw .status(.badArgument) }
                    let text = try call.text(text)
                    try call.chargeLog(text)
                    vm.log(level, text)
                }
            },
            HostFunction("proxy_get_log_level") { (abi, call, result: UInt32) throws(HostError) -> UInt32 in
                try abi.answer(Use(name: "proxy_get_log_level"), call) { (vm) throws(Refusal) in
                    try call.store(vm.activeLogger.logLevel.proxyWasm, at: result)
                }
            },
        ]
    }
}

extension HostCall {
    /// Text of the guest for a log, with what could forge a line of the log escaped.
    func text(_ bytes: GuestBytes) throws(Refusal) -> String {
        try read(bytes) { (span) throws(Refusal) in
            LogText.make(
                span.copy(0..<min(span.byteCount, ProxyWasmABI.maximumMessageBytes)),
                atMost: ProxyWasmABI.maximumMessageBytes
            ).text
        }
    }

    /// Counts what goes to the log, in the report and against the quota.
    func chargeLog(_ text: String) throws(Refusal) {
        do {
            try charge(text.utf8.count, to: .logBytes)
        } catch {
            throw .stop(error)
        }
    }
}

extension Logger.Level {
    /// The level of a number of the ABI ("proxy_log_level_t"): 0 trace to 5 critical.
    init?(proxyWasm level: UInt32) {
        switch level {
        case 0: self = .trace
        case 1: self = .debug
        case 2: self = .info
        case 3: self = .warning
        case 4: self = .error
        case 5: self = .critical
        default: return nil
        }
    }

    /// The number of the ABI. The ABI has nothing between "info" and "warn".
    var proxyWasm: UInt32 {
        switch self {
        case .trace: 0
        case .debug: 1
        case .info: 2
        case .notice, .warning: 3
        case .error: 4
        case .critical: 5
        }
    }
}
