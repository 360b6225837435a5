import CWasmtime

/// A global variable or constant of an instance.
@safe  // The handle is used with the store that it came from, and keeps that alive.
public struct Global {
    /// The type of its value, and whether it can be changed.
    public let type: GlobalType

    private let state: StoreState
    private let handle: wasmtime_global_t

    init?(state: StoreState, _ item: wasmtime_extern_t) {
        guard unsafe item.kind == UInt8(WASMTIME_EXTERN_GLOBAL) else {
            return nil
        }
        unsafe handle = item.of.global
        self.state = state
        let type = unsafe withUnsafePointer(to: item.of.global) { unsafe wasmtime_global_type(state.context, $0) }
        defer { unsafe wasm_globaltype_delete(type) }
        self.type = unsafe GlobalType(type)
    }

    /// The value as a number.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/signatureMismatch`` when it has another type.
    public func value<Value: WasmValue>(as _: Value.Type) throws(WasmtimeError) -> Value {
        try checkType(Value.valueType)
        var global = handle
        var value = wasmtime_val_t()
        unsafe wasmtime_global_get(state.context, &global, &value)
        return Value(rawBits: value.of.0)
    }

    /// Changes the value.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/signatureMismatch`` when it has another type or is
    ///   constant.
    public func set<Value: WasmValue>(_ newValue: Value) throws(WasmtimeError) {
        try checkType(Value.valueType)
        var global = handle
        var value = wasmtime_val_t(newValue)
        let error = unsafe wasmtime_global_set(state.context, &global, &value)
        try unsafe check(error, .signatureMismatch, "the global cannot be set")
    }

    private func checkType(_ expected: ValueType) throws(WasmtimeError) {
        guard type.value == expected else {
            throw WasmtimeError(.signatureMismatch, "the global has the type \(type.value), expected \(expected)")
        }
    }
}
