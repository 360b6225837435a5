/// Host functions by name, for modules whose calls run to completion.
///
/// A linker is filled in one place, and ``prelink(_:)`` then checks a module against it once; what it makes can be
/// instantiated any number of times on any thread.
public final class Linker<Host: AnyObject> {
    @usableFromInline
    let core: LinkerCore

    /// Makes a linker without functions.
    public init(engine: Engine) {
        core = LinkerCore(engine: engine)
    }

    /// Defines a host function that returns a number.
    ///
    /// The function runs on the thread of the guest that calls it. When it throws, the guest traps, and whoever called
    /// the guest gets the same error as ``WasmtimeError/hostError``.
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

    /// Defines a host function that returns nothing.
    ///
    /// The function runs on the thread of the guest that calls it. When it throws, the guest traps, and whoever called
    /// the guest gets the same error as ``WasmtimeError/hostError``.
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

    /// Defines a host function over raw slots: they hold the arguments, and the function puts its results there.
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

    /// Checks that the linker has everything that the module imports.
    ///
    /// - Throws: one ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/missingImports`` that lists every import that
    ///   is missing or has another type.
    public func prelink(_ module: Module) throws(WasmtimeError) -> PrelinkedModule<Host> {
        PrelinkedModule(prelinked: try core.prelink(module))
    }
}

/// A module whose imports are resolved, for any ``Store`` of its engine. It is shared by all threads, and keeps the
/// host functions that it imports.
public struct PrelinkedModule<Host: AnyObject>: Sendable {
    let prelinked: PrelinkedCore

    /// The module.
    public var module: Module { prelinked.module }
}
