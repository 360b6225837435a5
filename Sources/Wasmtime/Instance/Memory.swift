import CWasmtime

/// A linear memory of an instance.
///
/// A memory is a handle: copies of it are the same memory, and it keeps its store alive. Offsets and lengths that come
/// from a guest are checked as unsigned numbers; whatever lies outside throws ``WasmtimeError/Code-swift.struct/outOfBounds``.
///
/// While a view of a memory is open (inside of ``withBytes(_:)`` and ``withMutableBytes(_:)``), its store runs no guest and
/// grows no memory: calls and ``grow(byPages:)`` throw ``WasmtimeError/Code-swift.struct/busy``.
@safe  // The handle is used with the store that it came from, and keeps that alive.
public struct Memory {
    @usableFromInline
    let state: StoreState
    private let handle: wasmtime_memory_t

    init?(state: StoreState, _ item: wasmtime_extern_t) {
        guard unsafe item.kind == UInt8(WASMTIME_EXTERN_MEMORY) else {
            return nil
        }
        self.state = state
        unsafe handle = item.of.memory
    }

    /// The size, in bytes.
    public var byteCount: Int {
        var memory = handle
        return unsafe wasmtime_memory_data_size(state.context, &memory)
    }

    /// The size, in pages.
    public var pageCount: UInt64 {
        var memory = handle
        return unsafe wasmtime_memory_size(state.context, &memory)
    }

    /// Makes the memory larger and returns its former size, in pages.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/growth`` when the memory's maximum or the store's limit does not
    ///   allow it, ``WasmtimeError/Code-swift.struct/busy`` while a view is open.
    @discardableResult
    public func grow(byPages pages: UInt64) throws(WasmtimeError) -> UInt64 {
        try state.checkNoViews()
        var memory = handle
        var previous: UInt64 = 0
        let error = unsafe wasmtime_memory_grow(state.context, &memory, pages, &previous)
        try unsafe check(error, .growth, "the memory cannot grow by \(pages) pages")
        return previous
    }

    /// All bytes. They must not be used after the guest ran or a memory grew.
    @usableFromInline
    var bytes: UnsafeMutableRawBufferPointer {
        var memory = handle
        return unsafe UnsafeMutableRawBufferPointer(
            start: wasmtime_memory_data(state.context, &memory),
            count: wasmtime_memory_data_size(state.context, &memory))
    }
}
