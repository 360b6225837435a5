/// Finds payment-card numbers: 13 to 19 digits with a Luhn check digit, in groups with one space or dash between them.
///
/// A number starts and ends with whole groups. Of several readings the one that starts first counts, and of those the
/// longest. Once 20 digits are known, the first group is decided, so at most 19 digits and 18 separators are undecided.
struct CardScanner {
    private enum State {
        case outside, inGroup, behindSeparator
        /// In a group of 20 or more digits, which is part of no number.
        case inLongGroup
    }

    private static let lengths = 13...19
    private static let visibleDigits = 4

    private var state = State.outside
    /// The position of the first undecided digit.
    private var start = 0
    private var digits = Digits()
    /// Bit `n` is set when a separator stands before digit `n`.
    private var separators: UInt32 = 0

    /// Whether there is nothing that a separator or another byte could end.
    var isIdle: Bool { state == .outside }

    /// The position of the first undecided byte.
    var firstUndecided: Int? { digits.count > 0 ? start : nil }

    /// Takes a digit; what is decided by it goes to `masks`.
    mutating func digit(_ value: UInt8, at position: Int, masks: inout Masks) {
        if state == .inLongGroup { return }
        if digits.count == 0 { start = position }
        if state == .behindSeparator { separators |= 1 << UInt32(digits.count) }
        digits.append(value)
        state = .inGroup
        guard digits.count > Self.lengths.upperBound else { return }
        if separators == 0 {
            remove(digits.count)
            state = .inLongGroup
        } else {
            decideFirstGroup(&masks)
        }
    }

    /// Takes a space or a dash.
    mutating func separator(masks: inout Masks) {
        if state == .inGroup { state = .behindSeparator } else { end(masks: &masks) }
    }

    /// Takes another byte, or the end of the text.
    mutating func end(masks: inout Masks) {
        guard state != .outside else { return }
        state = .outside
        while digits.count >= Self.lengths.lowerBound { decideFirstGroup(&masks) }
        digits = Digits()
        separators = 0
    }

    /// Takes digits that belong to no number, up to the next byte that is no digit.
    mutating func ignoreGroup() {
        state = .inLongGroup
    }

    /// The end of a run of digit groups that is whole in `part` and too short for a number; else `start`.
    static func endOfShortRun(in part: borrowing MutableSpan<UInt8>, from start: Int) -> Int {
        var index = start
        var count = 0
        var isBehindDigit = false
        while index < part.count {
            let byte = part[index]
            if byte &- UInt8(ascii: "0") < 10 {
                count += 1
                guard count < lengths.lowerBound else { return start }
                isBehindDigit = true
            } else if isBehindDigit, byte == UInt8(ascii: "-") || byte == UInt8(ascii: " ") {
                isBehindDigit = false
            } else {
                return index
            }
            index += 1
        }
        return start
    }

    /// Moves all positions down.
    mutating func rebase(by distance: Int) {
        start -= distance
    }

    private mutating func decideFirstGroup(_ masks: inout Masks) {
        guard let length = longestNumber() else { return remove(firstGroupCount) }
        masks.coverDigits(start..<position(of: length - Self.visibleDigits))
        remove(length)
    }

    /// How many of the first digits are a number: its last digit is the check digit of the others by the Luhn algorithm
    /// (ISO/IEC 7812-1, annex B), in which every second digit, counted from the end, is doubled.
    private func longestNumber() -> Int? {
        var longest: Int?
        var sumForEvenLength = 0
        var sumForOddLength = 0
        for index in 0..<min(digits.count, Self.lengths.upperBound) {
            let digit = Int(digits[index])
            let doubled = digit > 4 ? digit * 2 - 9 : digit * 2
            let isEven = index & 1 == 0
            sumForEvenLength += isEven ? doubled : digit
            sumForOddLength += isEven ? digit : doubled
            let length = index + 1
            let sum = isEven ? sumForOddLength : sumForEvenLength
            if length >= Self.lengths.lowerBound, isGroupEnd(length), sum % 10 == 0 { longest = length }
        }
        return longest
    }

    /// Whether a group ends behind so many digits. That of the last one does: else there are 20 of them.
    private func isGroupEnd(_ length: Int) -> Bool {
        length == digits.count || separators & 1 << UInt32(length) != 0
    }

    private var firstGroupCount: Int {
        separators == 0 ? digits.count : separators.trailingZeroBitCount
    }

    /// Where the digit with this index stands.
    private func position(of index: Int) -> Int {
        let upToIndex: UInt32 = 1 << UInt32(index + 1) - 1
        return start + index + (separators & upToIndex).nonzeroBitCount
    }

    private mutating func remove(_ removed: Int) {
        start = position(of: removed)
        separators = separators >> UInt32(removed) & ~1
        digits.removeFirst(removed)
    }
}
