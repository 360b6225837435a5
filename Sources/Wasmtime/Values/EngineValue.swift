import CWasmtime

extension wasmtime_val_t {
    /// A number with its kind, as the engine's checked calls take it.
    init<Value: WasmValue>(_ value: Value) {
        self.init(RawValue(value), Value.valueType)
    }

    /// A number or a vector with its kind. References cannot be made from raw values: they count as `i32`, and every
    /// function that has them was refused before.
    init(_ value: RawValue, _ type: ValueType) {
        self.init()
        kind = type.numericKind ?? UInt8(WASMTIME_I32)
        of = (value.low, value.high, 0)
    }

    /// The bytes of a number or a vector.
    var rawValue: RawValue {
        RawValue(low: of.0, high: of.1)
    }
}
