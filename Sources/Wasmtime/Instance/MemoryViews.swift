extension Memory {
    /// Reads the memory in place.
    ///
    /// Views may be nested, but not with one that writes: as with any variable in Swift, overlapping accesses stop the
    /// program.
    @inlinable
    public func withBytes<Result, Failure: Error>(
        _ body: (RawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        state.beginReading()
        defer { state.endReading() }
        // The view is open until `body` returns, and nothing moves or frees the memory as long as one is.
        return try unsafe body(UnsafeRawBufferPointer(bytes).bytes)
    }

    /// Changes the memory in place.
    ///
    /// No other view may be open: as with any variable in Swift, overlapping accesses stop the program.
    @inlinable
    public func withMutableBytes<Result, Failure: Error>(
        _ body: (inout MutableRawSpan) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        state.beginWriting()
        defer { state.endWriting() }
        // As in `withBytes`; and no other view is open.
        let buffer = unsafe bytes
        var span = unsafe buffer.mutableBytes
        return try body(&span)
    }
}

extension StoreState {
    @usableFromInline
    func beginReading() {
        precondition(openViews >= 0, "overlapping accesses to a guest's memory: it is being changed")
        openViews += 1
    }

    @usableFromInline
    func endReading() {
        openViews -= 1
    }

    @usableFromInline
    func beginWriting() {
        precondition(openViews == 0, "overlapping accesses to a guest's memory: it is being read or changed")
        openViews = -1
    }

    @usableFromInline
    func endWriting() {
        openViews = 0
    }
}
