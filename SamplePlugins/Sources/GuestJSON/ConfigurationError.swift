/// Why a configuration was not accepted: what was expected, and where.
public struct ConfigurationError: Error, Sendable {
    /// What should have been there.
    public let expected: StaticString
    /// The byte at which something else was found; nil when the text is JSON but means the wrong thing.
    public let offset: Int?

    /// Makes an error that names what was expected.
    public init(expected: StaticString, at offset: Int? = nil) {
        self.expected = expected
        self.offset = offset
    }

    /// A sentence for the log, as UTF-8: `configuration: expected "keys" to be an array of strings`.
    public var message: [UInt8] {
        var text: [UInt8] = []
        Self.append("configuration: expected ", to: &text)
        Self.append(expected, to: &text)
        if let offset {
            Self.append(" at byte ", to: &text)
            var digits: [UInt8] = []
            var rest = offset
            repeat {
                digits.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            } while rest != 0
            for digit in digits.reversed() { text.append(digit) }
        }
        return text
    }

    private static func append(_ literal: StaticString, to text: inout [UInt8]) {
        // Right because a literal of more than one scalar lives as long as the program.
        for index in 0..<literal.utf8CodeUnitCount { unsafe text.append(literal.utf8Start[index]) }
    }
}
