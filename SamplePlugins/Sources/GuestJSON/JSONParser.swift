/// Recursive descent over the bytes of a JSON text (RFC 8259).
struct JSONParser: ~Escapable {
    private let text: Span<UInt8>
    private var offset = 0

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        self.text = text
    }

    @_lifetime(self: copy self)
    mutating func document() throws(ConfigurationError) -> JSON {
        let value = try value(depth: 0)
        skipSpace()
        guard next == nil else { throw error("the end of the text") }
        return value
    }

    @_lifetime(self: copy self)
    private mutating func value(depth: Int) throws(ConfigurationError) -> JSON {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    @_lifetime(self: copy self)
    private mutating func members(depth: Int) throws(ConfigurationError) -> [JSON.Member] {
        try checkDepth(depth)
        offset += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            skipSpace()
            let start = offset
            let name = try string()
            for member in members where member.name == name {
                throw ConfigurationError(expected: "each name once in an object", at: start)
            }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw error("':'") }
            members.append(JSON.Member(name: name, value: try value(depth: depth)))
            skipSpace()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw error("',' or '}'") }
        }
    }

    @_lifetime(self: copy self)
    private mutating func elements(depth: Int) throws(ConfigurationError) -> [JSON] {
        try checkDepth(depth)
        offset += 1
        var elements: [JSON] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth))
            skipSpace()
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { throw error("',' or ']'") }
        }
    }

    @_lifetime(self: copy self)
    private mutating func string() throws(ConfigurationError) -> [UInt8] {
        guard take(UInt8(ascii: "\"")) else { throw error("'\"'") }
        var bytes: [UInt8] = []
        while let byte = next {
            guard byte >= 0x20 else { throw error("an escaped control character") }
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return bytes
            case UInt8(ascii: "\\"): try escape(into: &bytes)
            default: bytes.append(byte)
            }
        }
        throw error("the end of a string")
    }

    @_lifetime(self: copy self)
    private mutating func escape(into bytes: inout [UInt8]) throws(ConfigurationError) {
        let escaped = next
        offset += 1
        switch escaped {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escaped ?? 0)
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"): appendUTF8(try scalar(), to: &bytes)
        default:
            offset -= 1
            throw error("an escape sequence")
        }
    }

    @_lifetime(self: copy self)
    private mutating func scalar() throws(ConfigurationError) -> UInt32 {
        let start = offset
        let first = try fourHexDigits()
        guard (0xD800...0xDFFF).contains(first) else { return first }
        if first < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
            let second = try fourHexDigits()
            if (0xDC00...0xDFFF).contains(second) { return 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00) }
        }
        throw ConfigurationError(expected: "a pair of surrogates", at: start)
    }

    @_lifetime(self: copy self)
    private mutating func fourHexDigits() throws(ConfigurationError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Self.hexDigit(byte) else { throw error("four hexadecimal digits") }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private func appendUTF8(_ scalar: UInt32, to bytes: inout [UInt8]) {
        func continuation(_ shift: UInt32) -> UInt8 { 0x80 | UInt8(truncatingIfNeeded: scalar >> shift & 0x3F) }
        switch scalar {
        case ..<0x80: bytes.append(UInt8(truncatingIfNeeded: scalar))
        case ..<0x800:
            bytes.append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
            bytes.append(continuation(0))
        case ..<0x10000:
            bytes.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
            bytes.append(continuation(6))
            bytes.append(continuation(0))
        default:
            bytes.append(0xF0 | UInt8(truncatingIfNeeded: scalar >> 18))
            bytes.append(continuation(12))
            bytes.append(continuation(6))
            bytes.append(continuation(0))
        }
    }

    /// Reads a number. It is exact up to 2⁵³ and for as many as 22 decimal places, and close to the text elsewhere.
    @_lifetime(self: copy self)
    private mutating func number() throws(ConfigurationError) -> Double {
        let start = offset
        let isNegative = take(UInt8(ascii: "-"))
        guard let first = digit else {
            throw ConfigurationError(expected: "a value", at: start)
        }
        var mantissa = 0.0
        var exponent = 0
        if first == 0 {
            offset += 1
        } else {
            while let digit = takeDigit() { mantissa = mantissa * 10 + Double(digit) }
        }
        if take(UInt8(ascii: ".")) {
            guard digit != nil else { throw error("a digit") }
            while let digit = takeDigit() {
                mantissa = mantissa * 10 + Double(digit)
                exponent -= 1
            }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            let isSmall = take(UInt8(ascii: "-"))
            if !isSmall { _ = take(UInt8(ascii: "+")) }
            guard digit != nil else { throw error("a digit") }
            var written = 0
            while let digit = takeDigit() { written = min(written * 10 + Int(digit), 9999) }
            exponent += isSmall ? -written : written
        }
        var power = 1.0
        for _ in 0..<abs(exponent) { power *= 10 }
        let value = exponent < 0 ? mantissa / power : mantissa * power
        guard value.isFinite else { throw ConfigurationError(expected: "a number in range", at: start) }
        return isNegative ? -value : value
    }

    @_lifetime(self: copy self)
    private mutating func word(_ word: StaticString, _ value: JSON) throws(ConfigurationError) -> JSON {
        let start = offset
        for index in 0..<word.utf8CodeUnitCount {
            // Right because the index is below the count of the literal, which lives as long as the program.
            guard take(unsafe word.utf8Start[index]) else { throw ConfigurationError(expected: "a value", at: start) }
        }
        return value
    }

    private var next: UInt8? { offset < text.count ? text[offset] : nil }

    private var digit: UInt8? {
        guard let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
        return byte - UInt8(ascii: "0")
    }

    @_lifetime(self: copy self)
    private mutating func takeDigit() -> UInt8? {
        guard let digit else { return nil }
        offset += 1
        return digit
    }

    @_lifetime(self: copy self)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        offset += 1
        return true
    }

    @_lifetime(self: copy self)
    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }

    private func checkDepth(_ depth: Int) throws(ConfigurationError) {
        guard depth <= JSON.maximumDepth else { throw error("at most 16 levels") }
    }

    private func error(_ expected: StaticString) -> ConfigurationError {
        ConfigurationError(expected: expected, at: offset)
    }
}
