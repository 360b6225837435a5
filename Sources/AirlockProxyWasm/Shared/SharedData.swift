import Synchronization

/// Values that all virtual machines with one VM identifier share, each with a number for compare-and-swap
/// (Proxy-Wasm 0.2.1, "Shared Key-Value Store").
///
/// It is used from every worker loop. What guests can store is bounded, so that a filter cannot fill the host's memory.
final class SharedData: Sendable {
    struct Value {
        var bytes: [UInt8]
        var version: UInt32
    }

    private struct State {
        var values: [[UInt8]: Value] = [:]
        var byteCount = 0
        var lastVersion: UInt32 = 0

        /// Versions are never 0, because 0 means "unconditionally".
        mutating func nextVersion() -> UInt32 {
            lastVersion = lastVersion == .max ? 1 : lastVersion + 1
            return lastVersion
        }
    }

    private let state = Mutex(State())
    private let limits: SharedDataLimits

    init(limits: SharedDataLimits) {
        self.limits = limits
    }

    func get(_ key: [UInt8]) -> Value? {
        state.withLock { $0.values[key] }
    }

    /// Stores a value. `version` 0 stores it whatever is there; any other one must be that of the value that is
    /// there, if there is one.
    func set(_ key: [UInt8], to bytes: [UInt8], version: UInt32) -> Status {
        state.withLock { state in
            var total = state.byteCount + bytes.count
            if let old = state.values[key] {
                guard version == 0 || version == old.version else { return .casMismatch }
                total -= old.bytes.count
            } else {
                guard state.values.count < limits.keys else { return .internalFailure }
                total += key.count
            }
            guard total <= limits.bytes else { return .internalFailure }
            state.values[key] = Value(bytes: bytes, version: state.nextVersion())
            state.byteCount = total
            return .ok
        }
    }
}

/// What the filters with one VM identifier may keep in shared data together.
public struct SharedDataLimits: Sendable, Hashable {
    /// The most bytes of keys and values.
    public var bytes: Int
    /// The most keys.
    public var keys: Int

    /// Sets the limits.
    public init(bytes: Int = 4 << 20, keys: Int = 10_000) {
        self.bytes = bytes
        self.keys = keys
    }
}
