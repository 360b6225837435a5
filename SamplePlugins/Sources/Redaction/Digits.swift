/// Up to 32 decimal digits, four bits each. (An `InlineArray` is copied whole for each digit that is read, Swift 6.3.)
struct Digits {
    private var low: UInt64 = 0
    private var high: UInt64 = 0
    private(set) var count = 0

    mutating func append(_ digit: UInt8) {
        let bits = UInt64(digit) &<< UInt64((count & 15) * 4)
        if count < 16 { low |= bits } else { high |= bits }
        count += 1
    }

    mutating func removeFirst(_ removed: Int) {
        low = low >> (removed * 4) | high << (64 - removed * 4)
        high = high >> (removed * 4)
        count -= removed
    }

    /// The digit with this index.
    subscript(index: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: (index < 16 ? low : high) &>> UInt64((index & 15) * 4) & 15)
    }
}
