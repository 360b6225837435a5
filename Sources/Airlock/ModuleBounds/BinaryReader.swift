/// Reads a range of a module's bytes in the encodings of the WebAssembly binary format (core specification 3.0,
/// section 5.2, "Values"). Nothing past the end of its range is ever read.
struct BinaryReader {
    let bytes: [UInt8]
    /// Where the next byte is read, counted from the start of the module.
    private(set) var offset: Int
    private let end: Int

    init(_ bytes: [UInt8]) {
        self.init(bytes, from: 0, to: bytes.count)
    }

    /// Reads the bytes from `offset` up to `end`, which are within the module.
    init(_ bytes: [UInt8], from offset: Int, to end: Int) {
        self.bytes = bytes
        self.offset = offset
        self.end = end
    }

    var remaining: Int { end - offset }
    var isAtEnd: Bool { offset == end }

    func malformed(at offset: Int, expected: String) -> ModuleBoundsViolation {
        .malformed(offset: offset, expected: expected)
    }

    func peek() -> UInt8? {
        offset < end ? bytes[offset] : nil
    }

    mutating func byte(_ what: @autoclosure () -> String) throws(ModuleBoundsViolation) -> UInt8 {
        guard offset < end else { throw malformed(at: offset, expected: what()) }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func skip(_ count: Int, _ what: @autoclosure () -> String) throws(ModuleBoundsViolation) {
        guard count <= remaining else { throw malformed(at: offset, expected: "\(what()) (\(count) bytes)") }
        offset += count
    }

    /// Takes the next `count` bytes out as a range of their own.
    mutating func range(
        of count: UInt32,
        _ what: @autoclosure () -> String
    ) throws(ModuleBoundsViolation) -> BinaryReader {
        let start = offset
        try skip(Int(count), what())
        return BinaryReader(bytes, from: start, to: offset)
    }

    mutating func unsigned32(_ what: @autoclosure () -> String) throws(ModuleBoundsViolation) -> UInt32 {
        UInt32(truncatingIfNeeded: try unsigned(bits: 32, what()))
    }

    mutating func unsigned64(_ what: @autoclosure () -> String) throws(ModuleBoundsViolation) -> UInt64 {
        try unsigned(bits: 64, what())
    }

    /// An unsigned LEB128 integer: at most `ceil(bits / 7)` bytes, with no bit set beyond `bits`.
    private mutating func unsigned(
        bits: Int,
        _ what: @autoclosure () -> String
    ) throws(ModuleBoundsViolation) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        var shift = 0
        while shift < bits, offset < end {
            let byte = bytes[offset]
            offset += 1
            let payload = UInt64(byte & 0x7F)
            guard shift + 7 <= bits || payload >> (bits - shift) == 0 else { break }
            value |= payload << shift
            if byte & 0x80 == 0 { return value }
            shift += 7
        }
        throw malformed(at: start, expected: "\(what()) (an unsigned integer of at most \(bits) bits)")
    }

    /// A signed LEB128 integer: at most `ceil(bits / 7)` bytes, with the bits beyond `bits` equal to the sign.
    mutating func signed(
        bits: Int,
        _ what: @autoclosure () -> String
    ) throws(ModuleBoundsViolation) -> Int64 {
        let start = offset
        var value: UInt64 = 0
        var shift = 0
        while shift < bits, offset < end {
            let byte = bytes[offset]
            offset += 1
            let payload = UInt64(byte & 0x7F)
            value |= payload << shift
            shift += 7
            guard byte & 0x80 == 0 else { continue }
            let signExtended =
                shift < 64 ? Int64(bitPattern: value << (64 - shift)) >> (64 - shift) : Int64(bitPattern: value)
            if shift > bits {
                // The last byte holds bits beyond the value: with the sign bit they must be all zeros or all ones.
                let used = bits - (shift - 7)
                let beyond = payload >> (used - 1)
                guard beyond == 0 || beyond == 0x7F >> (used - 1) else { break }
            }
            return signExtended
        }
        throw malformed(at: start, expected: "\(what()) (a signed integer of at most \(bits) bits)")
    }
}
