/// A function of a guest in a ``Store``, of any type without references. An object, so that passing it on costs one reference.
public final class RawFunction {
    /// The function's type.
    public let type: FunctionType

    private let state: StoreState
    private let handle: FunctionHandle
    private let slotCount: Int

    init(state: StoreState, handle: FunctionHandle, type: FunctionType) {
        self.state = state
        self.handle = handle
        self.type = type
        slotCount = type.slotCount
    }

    /// Calls the function with numbers and vectors, and returns its results.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/signatureMismatch`` when the number of arguments is wrong,
    ///   otherwise what ended the guest.
    public func call(_ arguments: [RawValue]) throws(WasmtimeError) -> [RawValue] {
        guard arguments.count == type.parameters.count else {
            throw WasmtimeError(
                .signatureMismatch, "\(arguments.count) arguments for a function of the type \(type)")
        }
        var slots = arguments + [RawValue](repeating: RawValue(), count: max(slotCount - arguments.count, 0))
        var failure: WasmtimeError?
        unsafe slots.withUnsafeMutableBufferPointer { slots in
            do throws(WasmtimeError) {
                try unsafe call(slots)
            } catch {
                failure = error
            }
        }
        if let failure {
            throw failure
        }
        return Array(slots.prefix(type.results.count))
    }

    /// Calls the function: the slots hold the arguments, then the results, and are as many as the larger of both.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/signatureMismatch`` when there are too few slots, otherwise
    ///   what ended the guest.
    package func call(_ slots: UnsafeMutableBufferPointer<RawValue>) throws(WasmtimeError) {
        guard slots.count >= slotCount else {
            throw WasmtimeError(
                .signatureMismatch, "\(slots.count) slots for a function of the type \(type)")
        }
        var none = RawValue()
        if let start = slots.baseAddress {
            try unsafe state.call(handle, start, slots.count)
        } else {
            try unsafe state.call(handle, &none, 0)
        }
    }

    func check<Host>(_ caller: borrowing Caller<Host>) throws(WasmtimeError) {
        try caller.check(state)
    }
}

extension Caller {
    /// Calls a function of the guest from inside a host function. It runs under the fuel and the deadline of the call
    /// in progress.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, or ``WasmtimeError/Code-swift.struct/wrongStore`` when the function
    ///   belongs to another store.
    package func call(
        _ function: RawFunction, _ slots: UnsafeMutableBufferPointer<RawValue>
    ) throws(WasmtimeError) {
        try function.check(self)
        try unsafe function.call(slots)
    }
}
