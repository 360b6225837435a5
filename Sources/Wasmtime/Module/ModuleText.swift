import CWasmtime

extension Module {
    /// Compiles a module from WebAssembly text, which suits tests and experiments.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidModule`` when the text does not
    ///   parse or the module is invalid.
    public convenience init(engine: Engine, wat text: String) throws(WasmtimeError) {
        try self.init(engine: engine, bytes: Self.binary(ofWAT: text))
    }

    /// The binary form of a module in WebAssembly text. Only the syntax is checked.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/invalidModule``.
    public static func binary(ofWAT text: String) throws(WasmtimeError) -> [UInt8] {
        var text = text
        var bytes = unsafe wasm_byte_vec_t()
        let error = text.withUTF8 { text in
            unsafe text.withMemoryRebound(to: CChar.self) { text in
                unsafe wasmtime_wat2wasm(text.baseAddress, text.count, &bytes)
            }
        }
        try unsafe check(error, .invalidModule, "the text does not parse")
        return unsafe takeBytes(&bytes)
    }
}
