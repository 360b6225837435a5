internal import CProxyWasm

// `unsafe` in this file: the host reads and writes what it is lent during the call only.

/// A metric that the host keeps. Source: Proxy-Wasm ABI 0.2.1, "Stats/metrics".
public struct Metric: Sendable {
    /// How the host treats the numbers.
    public enum Kind: UInt32, Sendable {
        case counter = 0
        case gauge = 1
        case histogram = 2
    }

    private let id: UInt32

    /// Defines a metric, or finds the one defined before; nil when the host refuses.
    public init?(_ kind: Kind, _ name: StaticString) {
        var id: UInt32 = 0
        let status = name.withBytes { name in
            unsafe name.withUnsafeBufferPointer { name in
                unsafe Status(proxy_define_metric(kind.rawValue, name.baseAddress, name.count, &id))
            }
        }
        guard status == .ok else { return nil }
        self.id = id
    }

    /// Adds to a counter or gauge; a gauge may go down.
    @discardableResult
    public func increment(by offset: Int64 = 1) -> Status { Status(proxy_increment_metric(id, offset)) }

    /// Sets a gauge, or adds an observation to a histogram.
    @discardableResult
    public func record(_ value: UInt64) -> Status { Status(proxy_record_metric(id, value)) }

    /// The value of a counter or gauge; nil when the host refuses.
    public func value() -> UInt64? {
        var value: UInt64 = 0
        return unsafe Status(proxy_get_metric(id, &value)) == .ok ? value : nil
    }
}
