import Airlock

/// The clocks.
extension WASI {
    static var clockFunctions: [HostFunction<Self>] {
        [
            .wasi("clock_res_get") { (wasi, call, clock: UInt32, result: UInt32) throws(WASIFailure) in
                guard let granted = wasi.clock else { throw .errno(.notCapable) }
                _ = try wasi.now(clock)
                try call.put(granted.resolutionNanoseconds, at: result)
            },
            .wasi("clock_time_get") { (wasi, call, clock: UInt32, _: UInt64, result: UInt32) throws(WASIFailure) in
                try call.put(try wasi.now(clock), at: result)
            },
        ]
    }

    /// The time in nanoseconds on a clock that the ABI names by number: 0 since 1970, 1 monotonic. The other two, of processor time, are
    /// not supported.
    func now(_ number: UInt32) throws(WASIFailure) -> UInt64 {
        guard let clock else { throw .errno(.notCapable) }
        switch number {
        case 0:
            do throws(HostError) { return try clock.wallTime() } catch { throw WASIFailure(error) }
        case 1: return clock.monotonicTime()
        case 2, 3: throw .errno(.notSupported)
        default: throw .errno(.invalid)
        }
    }
}
