import CWasmtime

/// The engine's linker behind ``Linker`` and ``AsyncLinker``.
@safe  // The pointer is its own, from `init` to `deinit`.
@usableFromInline
final class LinkerCore {
    let engine: Engine
    let pointer: OpaquePointer
    var definitions = ImportDefinitions()

    init(engine: Engine) {
        self.engine = engine
        unsafe pointer = wasmtime_linker_new(engine.pointer)
    }

    deinit {
        unsafe wasmtime_linker_delete(pointer)
    }

    /// Adds a host function; the engine keeps it as long as anything can call it.
    @usableFromInline
    func define(
        _ module: String, _ name: String, _ type: FunctionType, _ function: HostFunction
    ) throws(WasmtimeError) {
        try definitions.add(module, name, type)
        let engineType = unsafe type.makeEngineType(engine)
        defer { unsafe wasm_functype_delete(engineType) }
        let error = unsafe withNames(module, name) { module, name in
            unsafe wasmtime_linker_define_func_unchecked(
                pointer, module.baseAddress, module.count, name.baseAddress, name.count, engineType, callHostFunction,
                function.retainedForEngine(), HostFunction.release)
        }
        try unsafe check(error, .invalidDefinition, "\(module).\(name) could not be defined")
    }

    /// Adds a host function that may wait; the engine keeps it as long as anything can call it.
    func defineAsync(_ module: String, _ name: String, _ function: AsyncHostFunction) throws(WasmtimeError) {
        try definitions.add(module, name, function.type)
        let engineType = unsafe function.type.makeEngineType(engine)
        defer { unsafe wasm_functype_delete(engineType) }
        let error = unsafe withNames(module, name) { module, name in
            unsafe wasmtime_linker_define_async_func(
                pointer, module.baseAddress, module.count, name.baseAddress, name.count, engineType,
                startAsyncHostFunction, function.retainedForEngine(), AsyncHostFunction.release)
        }
        try unsafe check(error, .invalidDefinition, "\(module).\(name) could not be defined")
    }

    func prelink(_ module: Module) throws(WasmtimeError) -> PrelinkedCore {
        guard module.engine === engine else {
            throw WasmtimeError(.wrongStore, "the module was compiled by another engine than the linker's")
        }
        try definitions.check(module.imports)
        var result: OpaquePointer?
        let error = unsafe wasmtime_linker_instantiate_pre(pointer, module.pointer, &result)
        try unsafe check(error, .missingImports, "the module could not be linked")
        guard let result = unsafe result else {
            throw WasmtimeError(.engine, "the engine handed back no linked module")
        }
        return unsafe PrelinkedCore(module: module, pointer: result)
    }
}

/// The engine's linked module behind ``PrelinkedModule`` and ``AsyncPrelinkedModule``.
@safe  // The pointer is its own, from `init` to `deinit`.
final class PrelinkedCore: Sendable {
    let module: Module

    /// Deleted in `deinit`. The engine documents it as safe to use from any thread.
    nonisolated(unsafe) let pointer: OpaquePointer

    fileprivate init(module: Module, pointer: OpaquePointer) {
        self.module = module
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe wasmtime_instance_pre_delete(pointer)
    }

    func checkEngine(_ engine: Engine) throws(WasmtimeError) {
        guard module.engine === engine else {
            throw WasmtimeError(.wrongStore, "the module was linked for another engine than the store's")
        }
    }
}

/// Both names as the C library takes them.
func withNames<Result>(
    _ module: String, _ name: String,
    _ body: (UnsafeBufferPointer<CChar>, UnsafeBufferPointer<CChar>) -> Result
) -> Result {
    var module = module
    var name = name
    return module.withUTF8 { module in
        name.withUTF8 { name in
            unsafe module.withMemoryRebound(to: CChar.self) { module in
                unsafe name.withMemoryRebound(to: CChar.self) { name in
                    unsafe body(module, name)
                }
            }
        }
    }
}
