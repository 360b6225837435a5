import Airlock

/// Checked access to the guest's memory, with the ABI's answers for ranges that are outside.
extension HostCall {
    /// Lends bytes of the guest.
    func read<Result>(
        _ bytes: GuestBytes,
        _ body: (RawSpan) throws(Refusal) -> Result
    ) throws(Refusal) -> Result {
        // A length beyond the memory is the guest's mistake; it must not count as bytes that it handed out.
        guard UInt64(bytes.offset) + UInt64(bytes.count) <= UInt64(memorySize) else {
            throw .status(.invalidMemoryAccess)
        }
        var outcome: Swift.Result<Result, Refusal>?
        do throws(HostError) {
            outcome = try withBytes(of: bytes) { (span) throws(HostError) in
                do throws(Refusal) { return .success(try body(span)) } catch { return .failure(error) }
            }
        } catch {
            throw Refusal(error)
        }
        guard let outcome else { throw .status(.internalFailure) }
        return try outcome.get()
    }

    /// A copy of bytes of the guest.
    func copy(_ bytes: GuestBytes, limit: Int = .max) throws(Refusal) -> [UInt8] {
        guard Int(bytes.count) <= limit else { throw .status(.badArgument) }
        return try read(bytes) { (span) throws(Refusal) in span.copy(0..<span.byteCount) }
    }

    func store(_ value: UInt32, at offset: UInt32) throws(Refusal) {
        try fill(GuestBuffer(offset: offset, capacity: 4)) { $0.storeUInt32(value, at: 0) }
    }

    func store(_ value: UInt64, at offset: UInt32) throws(Refusal) {
        try fill(GuestBuffer(offset: offset, capacity: 8)) { $0.storeUInt64(value, at: 0) }
    }

    /// Lends room in the guest's memory to be written.
    func fill(_ room: GuestBuffer, _ body: (inout MutableRawSpan) -> Void) throws(Refusal) {
        do throws(HostError) {
            try withMutableBytes(of: room) { (span: inout MutableRawSpan) throws(HostError) in body(&span) }
        } catch {
            throw Refusal(error)
        }
    }

    /// Has the guest allocate `count` bytes, writes them, and tells the guest where they are. No bytes are passed as
    /// a null pointer.
    func hand(
        over count: Int,
        in vm: VMState,
        to place: ValuePlace,
        _ write: (inout MutableRawSpan) -> Void
    ) throws(Refusal) {
        let pointer = try put(count, in: vm, write)
        try store(pointer, at: place.pointer)
        try store(UInt32(truncatingIfNeeded: count), at: place.size)
    }

    /// Has the guest allocate `count` bytes, and writes them.
    /// - Returns: Where they are; null for no bytes.
    private func put(
        _ count: Int, in vm: VMState, _ write: (inout MutableRawSpan) -> Void
    ) throws(Refusal) -> UInt32 {
        guard count > 0 else { return 0 }
        guard let size = UInt32(exactly: count) else { throw .status(.internalFailure) }
        let pointer = try allocate(size, in: vm)
        try fill(GuestBuffer(offset: pointer, capacity: size), write)
        return pointer
    }

    func hand(over bytes: [UInt8], in vm: VMState, to place: ValuePlace) throws(Refusal) {
        try hand(over: bytes[...], in: vm, to: place)
    }

    func hand(over bytes: ArraySlice<UInt8>, in vm: VMState, to place: ValuePlace) throws(Refusal) {
        try hand(over: bytes.count, in: vm, to: place) { target in
            // A UInt8 has no padding, so every byte of the view is initialised.
            target.copy(unsafe bytes.span.bytes, at: 0)
        }
    }

    /// As ``hand(over:in:to:)``, for a guest that may want only one of the two, or none: it passes null for the place.
    func hand(overWanted bytes: [UInt8], in vm: VMState, to place: ValuePlace) throws(Refusal) {
        if place.pointer != 0 {
            // A UInt8 has no padding, so every byte of the view is initialised.
            let pointer = try put(bytes.count, in: vm) { $0.copy(unsafe bytes.span.bytes, at: 0) }
            try store(pointer, at: place.pointer)
        }
        if place.size != 0 { try store(UInt32(clamping: bytes.count), at: place.size) }
    }

    private func allocate(_ count: UInt32, in vm: VMState) throws(Refusal) -> UInt32 {
        vm.phase = .allocating
        defer { vm.phase = .running }
        let pointer: UInt32
        do throws(HostError) {
            pointer = try self.call(vm.allocator, count)
        } catch {
            throw .stop(error)
        }
        guard pointer != 0 else { throw .status(.invalidMemoryAccess) }
        return pointer
    }
}

/// Where a guest wants to be told the pointer and the size of a value.
struct ValuePlace {
    var pointer: UInt32
    var size: UInt32
}
