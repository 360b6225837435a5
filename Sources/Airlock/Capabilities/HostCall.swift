import Wasmtime

/// One call of a host function by a guest: the way to the guest's memory while it lasts.
///
/// It cannot be copied or kept. Offsets and lengths that the guest passes are checked against its memory as it
/// is at that moment, as unsigned numbers; what is outside throws ``HostError/Kind/badArgument``. Bytes that are read are counted
/// against ``PluginLimits/outputBytes``. Where the guest exports no memory, all of them throw ``HostError/Kind/abiViolation``.
public struct HostCall: ~Copyable {
    let state: InstanceState

    init(_ state: InstanceState) {
        self.state = state
    }

    /// Bytes that the guest's memory has now; 0 where it exports none.
    public var memorySize: Int { state.memory?.byteCount ?? 0 }

    /// Time that is left until the call's deadline; zero when it has passed.
    public var remainingTime: Duration { state.remainingTime }

    /// Whether the call was cancelled, or its deadline passed: the guest will be stopped as soon as the host function returns. A host
    /// function that takes long should look now and then, and return.
    public var isCancelled: Bool { state.stopReason != nil }

    /// The name of the plugin that calls.
    public var plugin: String { state.version.plugin }

    /// The object that an ABI attached to this instance, if it is of that type.
    public func attachment<Object: AnyObject>(as type: Object.Type) -> Object? {
        guard let object = state.attachment, Swift.type(of: object) == type else { return nil }
        // Safe: the line above found that it is exactly of that class.
        return unsafe unsafeDowncast(object, to: type)
    }

    /// Lends the bytes to `body`. The view ends with it, and the guest does not run meanwhile.
    public func withBytes<Result>(
        of bytes: GuestBytes,
        _ body: (RawSpan) throws(HostError) -> Result
    ) throws(HostError) -> Result {
        let memory = try memory()
        let range = try range(at: bytes.offset, count: bytes.count, in: memory)
        try state.countOutput(bytes.count)
        return try memory.withBytes { (all) throws(HostError) in try body(all.extracting(range)) }
    }

    /// Lends room in the guest's memory to `body`, which may fill it. The view ends with it, and the guest does not run meanwhile.
    public func withMutableBytes<Result>(
        of room: GuestBuffer,
        _ body: (inout MutableRawSpan) throws(HostError) -> Result
    ) throws(HostError) -> Result {
        let memory = try memory()
        let range = try range(at: room.offset, count: room.capacity, in: memory)
        return try memory.withMutableBytes { (all) throws(HostError) in
            var part = all._mutatingExtracting(range)
            return try body(&part)
        }
    }

    /// The range of such bytes, if all of them are in the guest's memory.
    private func range(at offset: UInt32, count: UInt32, in memory: Memory) throws(HostError) -> Range<Int> {
        let (start, end) = (Int(offset), Int(offset) + Int(count))
        guard end <= memory.byteCount else {
            throw HostError(
                .badArgument, "\(count) bytes at \(offset) are not in the memory of \(memory.byteCount) bytes")
        }
        return start..<end
    }

    /// A copy of the bytes.
    public func bytes(of bytes: GuestBytes) throws(HostError) -> [UInt8] {
        // Safe: the bytes are copied while the view is lent.
        try withBytes(of: bytes) { (span) throws(HostError) in unsafe span.withUnsafeBytes { unsafe Array($0) } }
    }

    /// A copy of the text. Bytes that are not UTF-8 throw ``HostError/Kind/badArgument``.
    public func string(of text: GuestString) throws(HostError) -> String {
        guard let copy = String(validating: try bytes(of: text.bytes), as: UTF8.self) else {
            throw HostError(
                .badArgument,
                "the text at offset \(text.bytes.offset) (\(text.bytes.count) bytes) is not UTF-8"
            )
        }
        return copy
    }

    /// Writes bytes into the guest's memory.
    public func write(_ bytes: [UInt8], at offset: UInt32) throws(HostError) {
        let memory = try memory()
        do {
            try memory.write(bytes, at: offset)
        } catch {
            throw HostError(error)
        }
    }

    /// Writes an integer into the guest's memory, little-endian as in WebAssembly; the offset need not be aligned.
    public func writeInteger<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ value: Integer,
        at offset: UInt32
    ) throws(HostError) {
        let memory = try memory()
        do {
            try memory.storeInteger(value, at: offset)
        } catch {
            throw HostError(error)
        }
    }

    /// Reads an integer from the guest's memory, little-endian as in WebAssembly; the offset need not be aligned.
    public func readInteger<Integer: FixedWidthInteger & BitwiseCopyable>(
        at offset: UInt32,
        as type: Integer.Type
    ) throws(HostError) -> Integer {
        try state.countOutput(UInt32(MemoryLayout<Integer>.size))
        let memory = try memory()
        do {
            return try memory.loadInteger(at: offset, as: type)
        } catch {
            throw HostError(error)
        }
    }

    private func memory() throws(HostError) -> Memory {
        guard let memory = state.memory else {
            throw HostError(
                .abiViolation,
                "the module exports no memory named 'memory' that the host function could use"
            )
        }
        return memory
    }
}

extension HostError {
    fileprivate init(_ error: WasmtimeError) {
        self.init(error.code == .outOfBounds ? .badArgument : .failed, error.message)
    }
}
