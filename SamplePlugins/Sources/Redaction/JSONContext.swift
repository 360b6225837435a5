/// Where in a JSON text the next byte stands, as far as masking must know to leave the text valid.
struct JSONContext {
    private enum Escape {
        case none, behindBackslash
        case inUnicode(digitsLeft: Int)
    }

    /// Whether the next byte is inside a string.
    private(set) var isInString = false
    private var escape = Escape.none

    /// Whether the next byte can be the rest of an escape sequence.
    var isInEscape: Bool {
        if case .none = escape { false } else { true }
    }

    /// Takes a byte. True means that it belongs to an escape sequence, which must not change and ends what is before it.
    mutating func isEscape(_ byte: UInt8) -> Bool {
        switch escape {
        case .behindBackslash:
            escape = byte == UInt8(ascii: "u") ? .inUnicode(digitsLeft: 4) : .none
            return true
        case .inUnicode(let digitsLeft) where Self.isHexDigit(byte):
            escape = digitsLeft > 1 ? .inUnicode(digitsLeft: digitsLeft - 1) : .none
            return true
        default:
            escape = .none
        }
        guard isInString, byte == UInt8(ascii: "\\") else { return false }
        escape = .behindBackslash
        return true
    }

    /// Takes a quotation mark that is no escape.
    mutating func quote() {
        isInString.toggle()
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
