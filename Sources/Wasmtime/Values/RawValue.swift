/// One argument or result of an unchecked call, 16 bytes as the engine lays them out (`wasmtime_val_raw_t`).
///
/// Nothing in it tells its type: a number is read back as the type that it was written as.
@frozen
public struct RawValue: BitwiseCopyable, Sendable, Hashable {
    /// The first eight bytes; a number of 32 bits is in the lower half.
    public var low: UInt64
    /// The last eight bytes, which only vectors use.
    public var high: UInt64

    /// Makes a value from its bytes.
    @inlinable
    @inline(__always)
    public init(low: UInt64 = 0, high: UInt64 = 0) {
        self.low = low
        self.high = high
    }

    /// Makes a value that holds a number.
    @inlinable
    @inline(__always)
    public init<Value: WasmValue>(_ value: Value) {
        self.init(low: value.rawBits)
    }

    /// The number that was written as this type.
    @inlinable
    @inline(__always)
    public func `as`<Value: WasmValue>(_: Value.Type) -> Value {
        Value(rawBits: low)
    }
}
