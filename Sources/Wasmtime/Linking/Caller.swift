import CWasmtime

/// What a host function sees of the guest that called it. It is valid during the call only.
public struct Caller<Host: AnyObject>: ~Copyable {
    @usableFromInline
    let handle: CallerHandle

    @usableFromInline
    init(_ handle: CallerHandle) {
        self.handle = handle
    }

    /// The store's host object.
    @inlinable
    public var host: Host {
        // A linker, what it prelinks and the stores that take it have the same host type.
        unsafe unsafeDowncast(handle.host, to: Host.self)
    }

    /// A memory that the calling instance exports, or `nil` when it exports no memory of that name.
    public func memory(_ name: String) -> Memory? {
        guard var item = unsafe export(name) else {
            return nil
        }
        defer { unsafe wasmtime_extern_delete(&item) }
        return unsafe Memory(state: state, item)
    }

    /// Sets the fuel that the guest may consume from now on.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/disabled`` when the engine was made without
    ///   ``EngineConfiguration/fuel``.
    public func setFuel(_ fuel: UInt64) throws(WasmtimeError) {
        try state.setFuel(fuel)
    }

    /// The fuel that is left.
    ///
    /// - Throws: ``WasmtimeError`` with the code ``WasmtimeError/Code-swift.struct/disabled`` when the engine was made without
    ///   ``EngineConfiguration/fuel``.
    public var remainingFuel: UInt64 {
        get throws(WasmtimeError) {
            try state.remainingFuel()
        }
    }

    /// Throws unless a handle belongs to the store that this call comes from.
    @usableFromInline
    func check(_ state: StoreState) throws(WasmtimeError) {
        guard unsafe wasmtime_caller_context(handle.pointer) == state.context else {
            throw WasmtimeError(.wrongStore, "the handle belongs to another store than the caller")
        }
    }

    var state: StoreState {
        // Every store of this library has its state as its data, and the state lives as long as the store.
        unsafe StoreState.of(caller: handle.pointer).unsafelyUnwrapped.takeUnretainedValue()
    }

    private func export(_ name: String) -> wasmtime_extern_t? {
        var name = name
        return name.withUTF8 { name in
            unsafe name.withMemoryRebound(to: CChar.self) { name in
                var item = unsafe wasmtime_extern_t()
                return unsafe wasmtime_caller_export_get(handle.pointer, name.baseAddress, name.count, &item)
                    ? item : nil
            }
        }
    }
}
