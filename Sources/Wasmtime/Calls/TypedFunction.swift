/// A function of a guest in a ``Store``, called with Swift numbers.
///
/// The type was checked when the function was looked up, so a call costs little more than the engine's own. The handle
/// keeps the store alive.
public struct TypedFunction<Result, each Parameter: WasmValue> {
    @usableFromInline
    let state: StoreState
    @usableFromInline
    let handle: FunctionHandle
    @usableFromInline
    let layout: SlotLayout

    init(state: StoreState, handle: FunctionHandle) {
        self.state = state
        self.handle = handle
        layout = SlotLayout(of: repeat (each Parameter).self)
    }
}

extension TypedFunction where Result: WasmValue {
    /// Calls the function and runs it to completion on this thread.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, or ``WasmtimeError/Code-swift.struct/busy`` while a view of its memory is
    ///   open. After a trap the instance can be called again, but what it left behind is its own affair.
    @inlinable
    public func callAsFunction(_ arguments: repeat each Parameter) throws(WasmtimeError) -> Result {
        try unsafe withArgumentSlots(layout, repeat each arguments) { slots, count throws(WasmtimeError) in
            try unsafe state.call(handle, slots, count)
            return unsafe slots[0].as(Result.self)
        }
    }
}

extension TypedFunction where Result == Void {
    /// Calls the function and runs it to completion on this thread.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, or ``WasmtimeError/Code-swift.struct/busy`` while a view of its memory is
    ///   open. After a trap the instance can be called again, but what it left behind is its own affair.
    @inlinable
    public func callAsFunction(_ arguments: repeat each Parameter) throws(WasmtimeError) {
        try unsafe withArgumentSlots(layout, repeat each arguments) { slots, count throws(WasmtimeError) in
            try unsafe state.call(handle, slots, count)
        }
    }
}

extension Caller {
    /// Calls a function of the guest from inside a host function, for example its allocator. It runs under the fuel and
    /// the deadline of the call in progress.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, or ``WasmtimeError/Code-swift.struct/wrongStore`` when the function
    ///   belongs to another store.
    @inlinable
    public func call<Result: WasmValue, each Parameter: WasmValue>(
        _ function: TypedFunction<Result, repeat each Parameter>, _ arguments: repeat each Parameter
    ) throws(WasmtimeError) -> Result {
        try check(function.state)
        return try function(repeat each arguments)
    }

    /// Calls a function of the guest from inside a host function. It runs under the fuel and the deadline of the call
    /// in progress.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, or ``WasmtimeError/Code-swift.struct/wrongStore`` when the function
    ///   belongs to another store.
    @inlinable
    public func call<each Parameter: WasmValue>(
        _ function: TypedFunction<Void, repeat each Parameter>, _ arguments: repeat each Parameter
    ) throws(WasmtimeError) {
        try check(function.state)
        try function(repeat each arguments)
    }
}

/// Puts arguments into slots on the stack, with room for one result.
@inlinable
@inline(__always)
func withArgumentSlots<Result, each Argument: WasmValue>(
    _ layout: SlotLayout, _ arguments: repeat each Argument,
    body: (UnsafeMutablePointer<RawValue>, Int) throws(WasmtimeError) -> Result
) throws(WasmtimeError) -> Result {
    var count = 0
    for _ in repeat (each Argument).self {
        count += 1
    }
    let slotCount = max(count, 1)
    return try unsafe withUnsafeTemporaryAllocation(of: RawValue.self, capacity: slotCount) {
        slots throws(WasmtimeError) in
        unsafe slots.initialize(repeating: RawValue())
        let start = unsafe slots.baseAddress.unsafelyUnwrapped
        var tuple = (repeat each arguments)
        unsafe withUnsafeMutableBytes(of: &tuple) { bytes in
            if let bytes = bytes.baseAddress {
                unsafe layout.scatter(bytes, into: start)
            }
        }
        return try unsafe body(start, slotCount)
    }
}
