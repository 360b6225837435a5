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
        unsafe self.init(SlotLayout(of: repeat (each Parameter).self)) { caller, slots, layout in
            let arguments = unsafe takeArguments(slots, layout, as: (repeat each Parameter).self)
            let result = try body(Caller(caller), repeat each arguments)
            unsafe slots.pointee.low = result.rawBits
        }
    }

    @inlinable
    convenience init<Host: AnyObject, each Parameter: WasmValue>(
        _ body: @escaping @Sendable (borrowing Caller<Host>, repeat each Parameter) throws -> Void
    ) {
        unsafe self.init(SlotLayout(of: repeat (each Parameter).self)) { caller, slots, layout in
            let arguments = unsafe takeArguments(slots, layout, as: (repeat each Parameter).self)
            try body(Caller(caller), repeat each arguments)
        }
    }
}

/// The arguments of a call, as a tuple of this layout. The linker registered the function with as many parameters, and
/// the slots are as large as the tuple at least: they have 16 bytes for each element.
@inlinable
@inline(__always)
func takeArguments<Arguments>(
    _ slots: UnsafeMutablePointer<RawValue>, _ layout: SlotLayout, as _: Arguments.Type
) -> Arguments {
    let start = UnsafeMutableRawPointer(slots)
    unsafe layout.gather(start)
    return unsafe start.load(as: Arguments.self)
}
