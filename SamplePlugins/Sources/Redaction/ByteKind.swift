/// What a byte means to the scanners.
enum ByteKind {
    case letter, digit, dot, dash, space, at, quote, backslash
    /// `_`, `%` and `+`, which occur only in the local part of an address.
    case localSign
    case other

    init(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): self = .letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = .digit
        case UInt8(ascii: "."): self = .dot
        case UInt8(ascii: "-"): self = .dash
        case UInt8(ascii: " "): self = .space
        case UInt8(ascii: "@"): self = .at
        case UInt8(ascii: "\""): self = .quote
        case UInt8(ascii: "\\"): self = .backslash
        case UInt8(ascii: "_"), UInt8(ascii: "%"), UInt8(ascii: "+"): self = .localSign
        default: self = .other
        }
    }

    /// Whether the local part of an address may hold it.
    var isInLocalPart: Bool {
        switch self {
        case .letter, .digit, .dot, .dash, .localSign: true
        default: false
        }
    }
}

/// A set of bytes from `"` to `a`, which is asked about nearly every byte of a text.
struct ByteSet {
    private static let first = UInt8(ascii: "\"")
    private var bits: UInt64 = 0

    /// Makes a set. A byte outside the range is left out.
    init(_ bytes: StaticString) {
        for index in 0..<bytes.utf8CodeUnitCount {
            // Right because the index is below the count of the literal, which lives as long as the program.
            let distance = unsafe bytes.utf8Start[index] &- Self.first
            if distance < 64 { bits |= 1 << UInt64(distance) }
        }
    }

    @inline(__always)
    func contains(_ byte: UInt8) -> Bool {
        let distance = byte &- Self.first
        return distance < 64 && bits &>> UInt64(distance) & 1 == 1
    }
}
