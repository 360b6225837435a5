/// A function of a guest in an ``AsyncStore``, of any type without references.
public struct AsyncRawFunction {
    /// The function's type.
    public let type: FunctionType

    private let state: StoreState
    private let handle: FunctionHandle

    init(state: StoreState, handle: FunctionHandle, type: FunctionType) {
        self.state = state
        self.handle = handle
        self.type = type
    }

    /// Calls the function with numbers and vectors on the caller's actor, and returns its results. The Swift task waits
    /// while the guest waits for a host function.
    ///
    /// - Parameter stop: stops the call from outside.
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/signatureMismatch`` when the number of arguments is wrong,
    ///   ``WasmtimeError/Code-swift.struct/cancelled`` when the task was cancelled or the call stopped,
    ///   ``WasmtimeError/Code-swift.struct/busy`` when the store runs another call, otherwise what ended the guest.
    public func call(_ arguments: [RawValue], stop: CallStop? = nil) async throws(WasmtimeError) -> [RawValue] {
        try await run(arguments, stop: stop).results
    }

    func run(_ arguments: [RawValue], stop: CallStop?) async throws(WasmtimeError) -> CallFuture {
        try checkCount(arguments)
        let future = try await state.run(stop: stop) { CallFuture(state, handle, type, arguments) }
        try future.checkResult(fallback: .engine)
        return future
    }

    func runInPlace<Host>(
        _ arguments: [RawValue], _ caller: borrowing Caller<Host>
    ) throws(WasmtimeError) -> CallFuture {
        try caller.check(state)
        try checkCount(arguments)
        let future = try state.runInPlace { CallFuture(state, handle, type, arguments) }
        try future.checkResult(fallback: .engine)
        return future
    }

    /// Calls the function from inside a host function that it called. It must not wait itself.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, or ``WasmtimeError/Code-swift.struct/busy`` when it waits.
    package func callInPlace(_ arguments: [RawValue]) throws(WasmtimeError) -> [RawValue] {
        try checkCount(arguments)
        let future = try state.runInPlace { CallFuture(state, handle, type, arguments) }
        try future.checkResult(fallback: .engine)
        return future.results
    }

    private func checkCount(_ arguments: [RawValue]) throws(WasmtimeError) {
        guard arguments.count == type.parameters.count else {
            throw WasmtimeError(
                .signatureMismatch, "\(arguments.count) arguments for a function of the type \(type)")
        }
    }
}
