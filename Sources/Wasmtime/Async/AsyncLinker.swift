import CWasmtime

/// Host functions by name, for modules whose calls may wait.
///
/// It takes the functions that ``Linker`` takes, and asynchronous ones beside them.
public final class AsyncLinker<Host: AnyObject> {
    @usableFromInline
    let core: LinkerCore

    /// Makes a linker without functions.
    public init(engine: Engine) {
        core = LinkerCore(engine: engine)
    }

    /// Defines a host function that does not wait and returns a number. See ``Linker/define(_:_:_:)``.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidDefinition`` when the name is taken.
    @inlinable
    public func define<Result: WasmValue, each Parameter: WasmValue>(
        _ module: String, _ name: String,
        _ body: @escaping @Sendable (borrowing Caller<Host>, repeat each Parameter) throws -> Result
    ) throws(WasmtimeError) {
        let type = FunctionType(taking: repeat (each Parameter).self, returning: [Result.valueType])
        try core.define(module, name, type, HostFunction(returning: body))
    }

    /// Defines a host function that does not wait and returns nothing. See ``Linker/define(_:_:_:)``.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidDefinition`` when the name is taken.
    @inlinable
    public func define<each Parameter: WasmValue>(
        _ module: String, _ name: String,
        _ body: @escaping @Sendable (borrowing Caller<Host>, repeat each Parameter) throws -> Void
    ) throws(WasmtimeError) {
        let type = FunctionType(taking: repeat (each Parameter).self, returning: [])
        try core.define(module, name, type, HostFunction(body))
    }

    /// Defines a host function that does not wait, over raw slots.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidDefinition`` when the name is taken or the
    ///   type has references.
    @inlinable
    package func defineRaw(
        _ module: String, _ name: String, type: FunctionType,
        _ body: @escaping @Sendable (borrowing Caller<Host>, UnsafeMutableBufferPointer<RawValue>) throws -> Void
    ) throws(WasmtimeError) {
        let count = type.slotCount
        let function = unsafe HostFunction(SlotLayout()) { caller, slots, _ in
            try unsafe body(Caller(caller), UnsafeMutableBufferPointer(start: slots, count: count))
        }
        try core.define(module, name, type, function)
    }

    /// Defines a host function that may wait and returns a number.
    ///
    /// The function runs as a Swift task on the store's task executor, with copies of its arguments: it reaches neither the
    /// guest nor its store, and it is cancelled when the guest goes away. The guest stands still until it returns. When it
    /// throws, the guest traps, and whoever called the guest gets the same error as ``WasmtimeError/hostError``.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidDefinition`` when the name is taken.
    public func defineAsync<Result: WasmValue, each Parameter: WasmValue>(
        _ module: String, _ name: String,
        _ body: @escaping @Sendable @concurrent (repeat each Parameter) async throws -> Result
    ) throws(WasmtimeError) {
        let type = FunctionType(taking: repeat (each Parameter).self, returning: [Result.valueType])
        try defineRawAsync(module, name, type: type) { caller, values in
            var index = 0
            let arguments = (repeat readValue(values, &index, as: (each Parameter).self))
            return caller.startHostCall {
                let result = RawValue(try await body(repeat each arguments))
                return { _ in [result] }
            }
        }
    }

    /// Defines a host function that may wait and returns nothing.
    ///
    /// The function runs as a Swift task on the store's task executor, with copies of its arguments: it reaches neither the
    /// guest nor its store, and it is cancelled when the guest goes away. The guest stands still until it returns. When it
    /// throws, the guest traps, and whoever called the guest gets the same error as ``WasmtimeError/hostError``.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidDefinition`` when the name is taken.
    public func defineAsync<each Parameter: WasmValue>(
        _ module: String, _ name: String,
        _ body: @escaping @Sendable @concurrent (repeat each Parameter) async throws -> Void
    ) throws(WasmtimeError) {
        let type = FunctionType(taking: repeat (each Parameter).self, returning: [])
        try defineRawAsync(module, name, type: type) { caller, values in
            var index = 0
            let arguments = (repeat readValue(values, &index, as: (each Parameter).self))
            return caller.startHostCall {
                try await body(repeat each arguments)
                return { _ in [] }
            }
        }
    }

    /// Defines a host function that may wait. It runs where the guest runs: it takes what it needs from the caller, begins
    /// the work, and hands back the call that somebody completes later.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidDefinition`` when the name is taken or the
    ///   type has references.
    package func defineRawAsync(
        _ module: String, _ name: String, type: FunctionType,
        _ body: @escaping @Sendable (borrowing Caller<Host>, [RawValue]) throws -> PendingHostCall<Host>
    ) throws(WasmtimeError) {
        try core.defineAsync(module, name, AsyncHostFunction(type) { try body(Caller($0), $1).mailbox })
    }

    /// Checks that the linker has everything that the module imports.
    ///
    /// - Throws: one ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/missingImports`` that lists every import that
    ///   is missing or has another type.
    public func prelink(_ module: Module) throws(WasmtimeError) -> AsyncPrelinkedModule<Host> {
        AsyncPrelinkedModule(prelinked: try core.prelink(module))
    }
}

/// A module whose imports are resolved, for any ``AsyncStore`` of its engine. It is shared by all threads, and keeps the
/// host functions that it imports.
public struct AsyncPrelinkedModule<Host: AnyObject>: Sendable {
    let prelinked: PrelinkedCore

    /// The module.
    public var module: Module { prelinked.module }
}

/// The next argument. The linker registered the function with as many parameters as it reads.
private func readValue<Value: WasmValue>(_ values: [RawValue], _ index: inout Int, as _: Value.Type) -> Value {
    defer { index += 1 }
    return values[index].as(Value.self)
}
