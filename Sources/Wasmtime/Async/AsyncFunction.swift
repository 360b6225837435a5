/// A function of a guest in an ``AsyncStore``, called with Swift numbers.
///
/// The type was checked when the function was looked up. The handle keeps the store alive.
public struct AsyncFunction<Result, each Parameter: WasmValue> {
    let raw: AsyncRawFunction
}

extension AsyncFunction where Result: WasmValue {
    /// Calls the function on the caller's actor. The Swift task waits while the guest waits for a host function.
    ///
    /// - Parameter stop: stops the call from outside.
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/cancelled`` when the task was cancelled or the call stopped,
    ///   ``WasmtimeError/Code-swift.struct/busy`` when the store runs another call, otherwise what ended the guest.
    public func callAsFunction(
        _ arguments: repeat each Parameter, stop: CallStop? = nil
    ) async throws(WasmtimeError) -> Result {
        var values: [RawValue] = []
        repeat values.append(RawValue(each arguments))
        return try await raw.run(values, stop: stop).firstResult.as(Result.self)
    }
}

extension AsyncFunction where Result == Void {
    /// Calls the function on the caller's actor. The Swift task waits while the guest waits for a host function.
    ///
    /// - Parameter stop: stops the call from outside.
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/cancelled`` when the task was cancelled or the call stopped,
    ///   ``WasmtimeError/Code-swift.struct/busy`` when the store runs another call, otherwise what ended the guest.
    public func callAsFunction(
        _ arguments: repeat each Parameter, stop: CallStop? = nil
    ) async throws(WasmtimeError) {
        var values: [RawValue] = []
        repeat values.append(RawValue(each arguments))
        _ = try await raw.run(values, stop: stop)
    }
}

extension Caller {
    /// Calls a function of the guest from inside a host function, for example its allocator. It must not wait for an
    /// asynchronous host function itself.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, ``WasmtimeError/Code-swift.struct/busy`` when it waits, or
    ///   ``WasmtimeError/Code-swift.struct/wrongStore`` when the function belongs to another store.
    public func call<Result: WasmValue, each Parameter: WasmValue>(
        _ function: AsyncFunction<Result, repeat each Parameter>, _ arguments: repeat each Parameter
    ) throws(WasmtimeError) -> Result {
        var values: [RawValue] = []
        repeat values.append(RawValue(each arguments))
        return try function.raw.runInPlace(values, self).firstResult.as(Result.self)
    }

    /// Calls a function of the guest from inside a host function. It must not wait for an asynchronous host function
    /// itself.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, ``WasmtimeError/Code-swift.struct/busy`` when it waits, or
    ///   ``WasmtimeError/Code-swift.struct/wrongStore`` when the function belongs to another store.
    public func call<each Parameter: WasmValue>(
        _ function: AsyncFunction<Void, repeat each Parameter>, _ arguments: repeat each Parameter
    ) throws(WasmtimeError) {
        var values: [RawValue] = []
        repeat values.append(RawValue(each arguments))
        _ = try function.raw.runInPlace(values, self)
    }

    /// Calls a function of the guest from inside a host function. It must not wait for an asynchronous host function
    /// itself.
    ///
    /// - Throws: ``WasmtimeError``: what ended the guest, ``WasmtimeError/Code-swift.struct/busy`` when it waits, or
    ///   ``WasmtimeError/Code-swift.struct/wrongStore`` when the function belongs to another store.
    package func call(_ function: AsyncRawFunction, _ arguments: [RawValue]) throws(WasmtimeError) -> [RawValue] {
        try function.runInPlace(arguments, self).results
    }
}
