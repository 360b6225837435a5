/// A module that was instantiated in an ``AsyncStore``.
///
/// An instance is a handle: copies of it are the same instance, and it lives as long as its store.
public struct AsyncInstance {
    let exports: InstanceExports

    /// The exported memory of that name, or `nil`. Memories that threads share are not found.
    public func memory(_ name: String) -> Memory? {
        exports.memory(name)
    }

    /// The exported global of that name, or `nil`.
    public func global(_ name: String) -> Global? {
        exports.global(name)
    }

    /// The number of entries of the exported table of that name, or `nil`.
    public func tableSize(_ name: String) -> UInt64? {
        exports.tableSize(name)
    }

    /// An exported function that returns a number.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/missingExport`` when there is no such function,
    ///   ``WasmtimeError/Code-swift.struct/signatureMismatch`` when it has another type; the message shows both.
    public func function<Result: WasmValue, each Parameter: WasmValue>(
        _ name: String, taking parameters: repeat (each Parameter).Type, returning result: Result.Type
    ) throws(WasmtimeError) -> AsyncFunction<Result, repeat each Parameter> {
        let type = FunctionType(taking: repeat (each Parameter).self, returning: [Result.valueType])
        let handle = try exports.function(name, type)
        return AsyncFunction(raw: AsyncRawFunction(state: exports.state, handle: handle, type: type))
    }

    /// An exported function that returns nothing.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/missingExport`` when there is no such function,
    ///   ``WasmtimeError/Code-swift.struct/signatureMismatch`` when it has another type; the message shows both.
    public func function<each Parameter: WasmValue>(
        _ name: String, taking parameters: repeat (each Parameter).Type, returning result: Void.Type = Void.self
    ) throws(WasmtimeError) -> AsyncFunction<Void, repeat each Parameter> {
        let type = FunctionType(taking: repeat (each Parameter).self, returning: [])
        let handle = try exports.function(name, type)
        return AsyncFunction(raw: AsyncRawFunction(state: exports.state, handle: handle, type: type))
    }

    /// The exported function of that name, whatever its type, or `nil` when there is none.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/signatureMismatch`` when its type has references.
    public func rawFunction(_ name: String) throws(WasmtimeError) -> AsyncRawFunction? {
        try exports.function(name).map { AsyncRawFunction(state: exports.state, handle: $0.handle, type: $0.type) }
    }
}
