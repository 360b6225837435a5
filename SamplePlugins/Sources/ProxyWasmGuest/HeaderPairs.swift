/// Every header of a map as the host gave them, in one allocation.
///
/// Source: Proxy-Wasm ABI 0.2.1, "Serialized maps": a 32-bit count, the lengths of each name and value, then each name and
/// value with a NUL byte behind it, all little endian.
public struct HeaderPairs: ~Copyable {
    private let serialized: HostBytes

    init(_ serialized: consuming HostBytes) {
        self.serialized = serialized
    }

    /// Calls `body` for each header in order. A map whose lengths contradict its size ends there.
    public func forEach(_ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
        serialized.withBytes { Self.forEach(in: $0, body) }
    }

    private static func forEach(
        in bytes: Span<UInt8>, _ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void
    ) {
        guard let count = number(in: bytes, at: 0), count <= (bytes.count - 4) / 8 else { return }
        var offset = 4 + count * 8
        for index in 0..<count {
            guard let nameCount = number(in: bytes, at: 4 + index * 8),
                let valueCount = number(in: bytes, at: 8 + index * 8),
                nameCount < bytes.count - offset, valueCount < bytes.count - offset - nameCount - 1
            else { return }
            let valueStart = offset + nameCount + 1
            let end = valueStart + valueCount + 1
            guard end <= bytes.count else { return }
            body(bytes.extracting(offset..<offset + nameCount), bytes.extracting(valueStart..<end - 1))
            offset = end
        }
    }

    private static func number(in bytes: Span<UInt8>, at offset: Int) -> Int? {
        guard offset + 4 <= bytes.count else { return nil }
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[offset + index]) << UInt32(index * 8) }
        return value > UInt32(Int32.max) ? nil : Int(value)
    }
}

/// Headers to send, written in the order in which they shall arrive.
public struct HeaderList {
    private var lengths: [Int] = []
    private var text: [UInt8] = []

    /// A list without headers.
    public init() {}

    /// Appends a header.
    public mutating func append(_ name: StaticString, _ value: StaticString) {
        put(name)
        put(value)
    }

    /// Appends a header.
    @_disfavoredOverload
    public mutating func append(_ name: StaticString, _ value: borrowing some Bytes & ~Copyable) {
        put(name)
        put(value)
    }

    /// Appends a header.
    @_disfavoredOverload
    public mutating func append(_ name: borrowing some Bytes & ~Copyable, _ value: borrowing some Bytes & ~Copyable) {
        put(name)
        put(value)
    }

    private mutating func put(_ part: borrowing some Bytes & ~Copyable) {
        let start = text.count
        text.append(part)
        lengths.append(text.count - start)
        text.append(0)
    }

    func serialized() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4 + lengths.count * 4 + text.count)
        Self.append(lengths.count / 2, to: &bytes)
        for length in lengths { Self.append(length, to: &bytes) }
        bytes.append(text)
        return bytes
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }
}
