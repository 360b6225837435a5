/// What is to be masked in the bytes at hand. Positions count from the first held byte.
struct Masks {
    private struct Mask {
        var range: Range<Int>
        let byte: UInt8
        let isForDigitsOnly: Bool
    }

    /// What takes the place of a digit.
    var digitMask = UInt8(ascii: "*")
    private var masks: [Mask] = []

    /// Masks every byte.
    mutating func cover(_ range: Range<Int>) {
        masks.append(Mask(range: range, byte: UInt8(ascii: "*"), isForDigitsOnly: false))
    }

    /// Masks the digits, not what separates them.
    mutating func coverDigits(_ range: Range<Int>) {
        masks.append(Mask(range: range, byte: digitMask, isForDigitsOnly: true))
    }

    /// Writes the masks into the held bytes and the part behind them, up to the position `end`, and keeps what goes on
    /// behind it for later; positions then count from `end`.
    ///
    /// - Returns: Whether there was anything to write.
    mutating func apply(before end: Int, to held: inout [UInt8], _ part: inout MutableSpan<UInt8>) -> Bool {
        guard !masks.isEmpty else { return false }
        var later: [Mask] = []
        for mask in masks {
            for position in mask.range.clamped(to: 0..<end) {
                let index = position - held.count
                let byte = index < 0 ? held[position] : part[index]
                if mask.isForDigitsOnly, ByteKind(byte) != .digit { continue }
                if index < 0 { held[position] = mask.byte } else { part[index] = mask.byte }
            }
            guard mask.range.upperBound > end else { continue }
            var rest = mask
            rest.range = max(mask.range.lowerBound - end, 0)..<mask.range.upperBound - end
            later.append(rest)
        }
        masks = later
        return true
    }
}
