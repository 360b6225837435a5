import CWasmtime

/// A compiled module, ready to be instantiated in any number of stores of its engine.
///
/// A module is shared by all threads.
@safe  // The pointer is its own, from `init` to `deinit`.
public final class Module: Sendable {
    /// The engine that compiled it.
    public let engine: Engine

    /// What the module expects from the host, in the order in which it declares it.
    public let imports: [ImportType]

    /// What the module offers, in the order in which it declares it.
    public let exports: [ExportType]

    /// The module itself, deleted in `deinit`. The C library documents modules as safe to use from any thread.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// Compiles a module from its binary form.
    ///
    /// Compiling takes milliseconds for each 100 KB of usual code, but a small module can be made that takes minutes and
    /// gigabytes: compile what you do not trust in a process of its own, or bound it first.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidModule``.
    public convenience init(engine: Engine, bytes: [UInt8]) throws(WasmtimeError) {
        var module: OpaquePointer?
        let error = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe wasmtime_module_new(engine.pointer, bytes.baseAddress, bytes.count, &module)
        }
        try unsafe check(error, .invalidModule, "the module was refused")
        try unsafe self.init(engine: engine, taking: module)
    }

    /// Reads a module that ``serialized()`` wrote, without compiling it.
    ///
    /// The bytes are machine code that will run in this process: what someone else could have written or changed must
    /// never be read this way. The engine finds bytes of another version or of other settings, but not changed ones.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidArtifact``.
    @unsafe
    public convenience init(engine: Engine, unsafelyDeserializing bytes: [UInt8]) throws(WasmtimeError) {
        var module: OpaquePointer?
        let error = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe wasmtime_module_deserialize(engine.pointer, bytes.baseAddress, bytes.count, &module)
        }
        try unsafe check(error, .invalidArtifact, "the serialised module was refused")
        try unsafe self.init(engine: engine, taking: module)
    }

    private init(engine: Engine, taking module: OpaquePointer?) throws(WasmtimeError) {
        guard let module = unsafe module else {
            throw WasmtimeError(.engine, "the engine handed back no module")
        }
        self.engine = engine
        unsafe pointer = module
        imports = unsafe Self.readImports(of: module)
        exports = unsafe Self.readExports(of: module)
    }

    deinit {
        unsafe wasmtime_module_delete(pointer)
    }

    /// Checks the binary form of a module without compiling it.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidModule``.
    public static func validate(_ bytes: [UInt8], engine: Engine) throws(WasmtimeError) {
        let error = unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe wasmtime_module_validate(engine.pointer, bytes.baseAddress, bytes.count)
        }
        try unsafe check(error, .invalidModule, "the module is invalid")
    }

    /// The compiled module as bytes for ``init(engine:unsafelyDeserializing:)``.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/engine``.
    public func serialized() throws(WasmtimeError) -> [UInt8] {
        var bytes = unsafe wasm_byte_vec_t()
        try unsafe check(wasmtime_module_serialize(pointer, &bytes), .engine, "the module could not be serialised")
        return unsafe takeBytes(&bytes)
    }

    private static func readImports(of module: OpaquePointer) -> [ImportType] {
        var types = unsafe wasm_importtype_vec_t()
        unsafe wasmtime_module_imports(module, &types)
        defer { unsafe wasm_importtype_vec_delete(&types) }
        return unsafe UnsafeBufferPointer(start: types.data, count: types.size).compactMap { item in
            guard let item = unsafe item else {
                return nil
            }
            return unsafe ImportType(
                module: string(wasm_importtype_module(item).pointee),
                name: string(wasm_importtype_name(item).pointee),
                type: ExternType(wasm_importtype_type(item)))
        }
    }

    private static func readExports(of module: OpaquePointer) -> [ExportType] {
        var types = unsafe wasm_exporttype_vec_t()
        unsafe wasmtime_module_exports(module, &types)
        defer { unsafe wasm_exporttype_vec_delete(&types) }
        return unsafe UnsafeBufferPointer(start: types.data, count: types.size).compactMap { item in
            guard let item = unsafe item else {
                return nil
            }
            return unsafe ExportType(
                name: string(wasm_exporttype_name(item).pointee),
                type: ExternType(wasm_exporttype_type(item)))
        }
    }
}
