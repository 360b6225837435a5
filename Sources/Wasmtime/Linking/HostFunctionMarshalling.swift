// Between a host function's Swift arguments and the slots of an unchecked call. All of it is inlined where a function
// is defined, so that the parameter pack is gone at run time.

extension FunctionType {
    /// The type of a Swift function over numbers.
    @inlinable
    init<each Parameter: WasmValue>(taking parameter: repeat (each Parameter).Type, returning results: [ValueType]) {
        var parameters: [ValueType] = []
        repeat parameters.append((each Parameter).valueType)
        self.init(parameters: parameters, results: results)
    }
}

extension HostFunction {
    @inlinable
    convenience init<Host: AnyObject, Result: WasmValue, each Parameter: WasmValue>(
        returning body: @escaping @Sendable (borrowing Caller<Host>, repeat each Parameter) throws -> Result
    ) {
        unsafe self.init { caller, slots in
            var index = 0
            let result = try unsafe body(
                Caller(caller), repeat readSlot(slots, &index, as: (each Parameter).self))
            unsafe slots[0] = RawValue(result)
        }
    }

    @inlinable
    convenience init<Host: AnyObject, each Parameter: WasmValue>(
        _ body: @escaping @Sendable (borrowing Caller<Host>, repeat each Parameter) throws -> Void
    ) {
        unsafe self.init { caller, slots in
            var index = 0
            try unsafe body(Caller(caller), repeat readSlot(slots, &index, as: (each Parameter).self))
        }
    }
}

/// The next argument. The linker registered the function with as many parameters as it reads.
@inlinable
@inline(__always)
func readSlot<Value: WasmValue>(
    _ slots: UnsafeMutableBufferPointer<RawValue>, _ index: inout Int, as _: Value.Type
) -> Value {
    defer { index += 1 }
    return unsafe slots[index].as(Value.self)
}
