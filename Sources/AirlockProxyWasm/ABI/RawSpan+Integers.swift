/// Bytes and little-endian integers within a view. Each access is checked by the view itself.
extension RawSpan {
    func byte(at offset: Int) -> UInt8 {
        // `unsafeLoad` checks the bounds; any bit pattern is a UInt8.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    func loadUInt32(at offset: Int) -> UInt32 {
        // `unsafeLoadUnaligned` checks the bounds; any bit pattern is a UInt32.
        UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    func copy(_ range: Range<Int>) -> [UInt8] {
        // Safe: `extracting` checks the range, and the bytes are copied while they are lent.
        unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
    }
}

extension MutableRawSpan {
    mutating func storeUInt32(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
    }

    mutating func storeUInt64(_ value: UInt64, at offset: Int) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
    }

    /// Copies `source` to `offset`; the target's range is checked.
    mutating func copy(_ source: RawSpan, at offset: Int) {
        var target = _mutatingExtracting(offset..<offset + source.byteCount)
        target.copyBytes(source)
    }

    private mutating func copyBytes(_ source: RawSpan) {
        unsafe withUnsafeMutableBytes { target in
            // Both are `source.byteCount` long.
            unsafe source.withUnsafeBytes { bytes in unsafe target.copyMemory(from: bytes) }
        }
    }
}
