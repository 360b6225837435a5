/// Writes the encodings of the WebAssembly binary format (core specification 3.0, section 5.2, "Values").
struct BinaryWriter {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ more: some Collection<UInt8>) {
        bytes.append(contentsOf: more)
    }

    mutating func unsigned(_ value: some UnsignedInteger) {
        var rest = UInt64(value)
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func unsigned(_ value: Int) {
        unsigned(value.magnitude)
    }

    /// Bytes with their number before them.
    mutating func vector(_ content: some Collection<UInt8>) {
        unsigned(content.count)
        append(content)
    }

    mutating func section(_ id: UInt8, _ content: [UInt8]) {
        bytes.append(id)
        vector(content)
    }
}
