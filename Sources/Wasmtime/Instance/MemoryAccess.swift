// `unsafe` in this file: `part` checks the range against the memory as it is, and what it gives is used before the guest runs again.

extension Memory {
    /// A copy of a part of the memory.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/outOfBounds``, or ``WasmtimeError/Code-swift.struct/busy`` while
    ///   the memory is being changed.
    public func read(at offset: UInt32, count: UInt32) throws(WasmtimeError) -> [UInt8] {
        try unsafe [UInt8](readable(offset, Int(count)))
    }

    /// Overwrites a part of the memory.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/outOfBounds``, or ``WasmtimeError/Code-swift.struct/busy`` while
    ///   a view is open.
    public func write(_ bytes: [UInt8], at offset: UInt32) throws(WasmtimeError) {
        try unsafe writable(offset, bytes.count).copyBytes(from: bytes)
    }

    /// Overwrites a part of the memory.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/outOfBounds``, or ``WasmtimeError/Code-swift.struct/busy`` while
    ///   a view is open.
    public func write(_ bytes: RawSpan, at offset: UInt32) throws(WasmtimeError) {
        let target = try unsafe writable(offset, bytes.byteCount)
        unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }

    /// Reads an integer, little-endian as in WebAssembly; the offset need not be aligned.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/outOfBounds``, or ``WasmtimeError/Code-swift.struct/busy`` while
    ///   the memory is being changed.
    @inlinable
    public func loadInteger<Integer: FixedWidthInteger & BitwiseCopyable>(
        at offset: UInt32, as _: Integer.Type
    ) throws(WasmtimeError) -> Integer {
        let source = try unsafe readable(offset, MemoryLayout<Integer>.size)
        return unsafe Integer(littleEndian: source.loadUnaligned(as: Integer.self))
    }

    /// Writes an integer, little-endian as in WebAssembly; the offset need not be aligned.
    ///
    /// - Throws: ``WasmtimeError``: ``WasmtimeError/Code-swift.struct/outOfBounds``, or ``WasmtimeError/Code-swift.struct/busy`` while
    ///   a view is open.
    @inlinable
    public func storeInteger<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ value: Integer, at offset: UInt32
    ) throws(WasmtimeError) {
        let target = try unsafe writable(offset, MemoryLayout<Integer>.size)
        unsafe target.storeBytes(of: value.littleEndian, as: Integer.self)
    }

    /// A part of the memory that is used at once, before anything can move it.
    @usableFromInline
    func readable(_ offset: UInt32, _ count: Int) throws(WasmtimeError) -> UnsafeRawBufferPointer {
        guard state.openViews >= 0 else {
            throw WasmtimeError(.busy, "the memory is being changed")
        }
        return try unsafe UnsafeRawBufferPointer(part(offset, count))
    }

    /// A part of the memory that is used at once, before anything can move it.
    @usableFromInline
    func writable(_ offset: UInt32, _ count: Int) throws(WasmtimeError) -> UnsafeMutableRawBufferPointer {
        try state.checkNoViews()
        return try unsafe part(offset, count)
    }

    private func part(_ offset: UInt32, _ count: Int) throws(WasmtimeError) -> UnsafeMutableRawBufferPointer {
        let all = unsafe bytes
        let start = Int(offset)
        guard start <= all.count, count <= all.count - start else {
            throw WasmtimeError(
                .outOfBounds, "\(count) bytes at \(offset) are not in the memory of \(all.count) bytes")
        }
        return unsafe UnsafeMutableRawBufferPointer(rebasing: all[start..<start + count])
    }
}
