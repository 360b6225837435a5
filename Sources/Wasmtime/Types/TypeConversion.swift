import CWasmtime

// Between the engine's type objects and ours. Reading does not take ownership.

extension ValueType {
    init(_ type: OpaquePointer) {
        var value = unsafe wasmtime_valtype_t()
        unsafe wasmtime_valtype_new(type, &value)
        defer { unsafe wasmtime_valtype_delete(&value) }
        switch unsafe Int32(value.kind) {
        case WASMTIME_VALTYPE_KIND_I32: self = .i32
        case WASMTIME_VALTYPE_KIND_I64: self = .i64
        case WASMTIME_VALTYPE_KIND_F32: self = .f32
        case WASMTIME_VALTYPE_KIND_F64: self = .f64
        case WASMTIME_VALTYPE_KIND_V128: self = .v128
        default:
            self = unsafe .reference(
                ReferenceType(
                    isNullable: value.reftype.nullable,
                    heapType: ReferenceType.HeapType(kind: value.reftype.heaptype.kind)))
        }
    }

    /// The kind that the engine gives to a number or a vector, in values and in types alike.
    var numericKind: UInt8? {
        switch self {
        case .i32: UInt8(WASMTIME_I32)
        case .i64: UInt8(WASMTIME_I64)
        case .f32: UInt8(WASMTIME_F32)
        case .f64: UInt8(WASMTIME_F64)
        case .v128: UInt8(WASMTIME_V128)
        case .reference: nil
        }
    }
}

extension ReferenceType.HeapType {
    /// The numbers are those of `wasmtime_heaptype_kind_t`.
    init(kind: UInt8) {
        let known: [ReferenceType.HeapType] = [
            .external, .noExternal, .function, .definedFunction, .noFunction, .any, .none, .equatable, .i31, .array,
            .definedArray, .structure, .definedStructure, .exception, .definedException, .noException,
        ]
        self = known.indices.contains(Int(kind)) ? known[Int(kind)] : .unknown
    }
}

extension FunctionType {
    init(_ type: OpaquePointer) {
        unsafe self.init(
            parameters: Self.read(wasm_functype_params(type).pointee),
            results: Self.read(wasm_functype_results(type).pointee))
    }

    private static func read(_ types: wasm_valtype_vec_t) -> [ValueType] {
        unsafe UnsafeBufferPointer(start: types.data, count: types.size).compactMap { type in
            unsafe type.map { unsafe ValueType($0) }
        }
    }

    /// The engine's object for a type without references; whoever asked for it deletes it.
    func makeEngineType(_ engine: Engine) -> OpaquePointer {
        var parameters = unsafe Self.makeVector(parameters, engine)
        var results = unsafe Self.makeVector(results, engine)
        return unsafe wasm_functype_new(&parameters, &results)
    }

    private static func makeVector(_ types: [ValueType], _ engine: Engine) -> wasm_valtype_vec_t {
        let kinds = types.compactMap(\.numericKind)
        var vector = unsafe wasm_valtype_vec_t()
        unsafe wasm_valtype_vec_new_uninitialized(&vector, kinds.count)
        for (index, kind) in kinds.enumerated() {
            var type = unsafe wasmtime_valtype_t()
            unsafe type.kind = kind
            unsafe vector.data?[index] = unsafe wasmtime_valtype_to_wasm(engine.pointer, &type)
        }
        return unsafe vector
    }
}

extension ExternType {
    init(_ type: OpaquePointer) {
        if let function = unsafe wasm_externtype_as_functype_const(type) {
            self = unsafe .function(FunctionType(function))
        } else if let memory = unsafe wasm_externtype_as_memorytype_const(type) {
            self = unsafe .memory(MemoryType(memory))
        } else if let global = unsafe wasm_externtype_as_globaltype_const(type) {
            self = unsafe .global(GlobalType(global))
        } else if let table = unsafe wasm_externtype_as_tabletype_const(type) {
            self = unsafe .table(TableType(element: ValueType(wasm_tabletype_element(table))))
        } else if let tag = unsafe wasm_externtype_as_tagtype_const(type) {
            self = unsafe .tag(FunctionType(wasm_tagtype_functype(tag)))
        } else {
            // The engine has these five kinds; should it learn a sixth, it is shown as a tag that carries nothing.
            self = .tag(FunctionType(parameters: [], results: []))
        }
    }
}

extension MemoryType {
    init(_ type: OpaquePointer) {
        var maximum: UInt64 = 0
        let hasMaximum = unsafe wasmtime_memorytype_maximum(type, &maximum)
        unsafe self.init(
            minimum: wasmtime_memorytype_minimum(type),
            maximum: hasMaximum ? maximum : nil,
            pageSize: wasmtime_memorytype_page_size(type),
            is64Bit: wasmtime_memorytype_is64(type),
            isShared: wasmtime_memorytype_isshared(type))
    }
}

extension GlobalType {
    init(_ type: OpaquePointer) {
        unsafe self.init(
            value: ValueType(wasm_globaltype_content(type)),
            isMutable: wasm_globaltype_mutability(type) == UInt8(WASM_VAR))
    }
}
