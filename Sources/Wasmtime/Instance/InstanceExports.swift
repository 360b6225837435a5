import CWasmtime

/// Looks up what an instance exports, for ``Instance`` and ``AsyncInstance``.
@safe  // The handle is used with the store that it came from, and keeps that alive.
struct InstanceExports {
    let state: StoreState
    let handle: wasmtime_instance_t

    func memory(_ name: String) -> Memory? {
        unsafe find(name) { unsafe Memory(state: state, $0) }
    }

    func global(_ name: String) -> Global? {
        unsafe find(name) { unsafe Global(state: state, $0) }
    }

    func tableSize(_ name: String) -> UInt64? {
        unsafe find(name) { item in
            guard unsafe item.kind == UInt8(WASMTIME_EXTERN_TABLE) else {
                return nil
            }
            return unsafe withUnsafePointer(to: item.of.table) { unsafe wasmtime_table_size(state.context, $0) }
        }
    }

    /// A function that can be called with numbers and vectors.
    func function(_ name: String) throws(WasmtimeError) -> (handle: FunctionHandle, type: FunctionType)? {
        let found = unsafe find(name) { item -> (FunctionHandle, FunctionType)? in
            guard unsafe item.kind == UInt8(WASMTIME_EXTERN_FUNC) else {
                return nil
            }
            let type = unsafe withUnsafePointer(to: item.of.func) { unsafe wasmtime_func_type(state.context, $0) }
            defer { unsafe wasm_functype_delete(type) }
            return unsafe (FunctionHandle(handle: item.of.func), FunctionType(type))
        }
        guard let found else {
            return nil
        }
        guard !found.1.hasReferences else {
            throw WasmtimeError(
                .signatureMismatch, "the function \(name) has the type \(found.1): the host cannot pass references")
        }
        return found
    }

    /// A function of exactly this type.
    func function(_ name: String, _ expected: FunctionType) throws(WasmtimeError) -> FunctionHandle {
        guard let (handle, type) = try function(name) else {
            throw WasmtimeError(.missingExport, "the instance exports no function \(name), expected \(expected)")
        }
        guard type == expected, type.parameters.count <= FunctionType.maximumTypedParameters else {
            throw WasmtimeError(
                .signatureMismatch, "the function \(name) has the type \(type), expected \(expected)")
        }
        return handle
    }

    /// Reads an export; the engine's object for it is freed when `read` returns.
    private func find<Result>(_ name: String, _ read: (wasmtime_extern_t) -> Result?) -> Result? {
        var name = name
        var item = unsafe wasmtime_extern_t()
        var instance = handle
        let found = name.withUTF8 { name in
            unsafe name.withMemoryRebound(to: CChar.self) { name in
                unsafe wasmtime_instance_export_get(state.context, &instance, name.baseAddress, name.count, &item)
            }
        }
        guard found else {
            return nil
        }
        defer { unsafe wasmtime_extern_delete(&item) }
        return unsafe read(item)
    }
}
