/// Text of a guest, made fit for the host's log and for messages.
package enum LogText {
    /// Decodes UTF-8, with U+FFFD for what is not, and escapes what could forge or disguise lines of a log: control characters other than
    /// tabs, line and paragraph separators, and marks that turn the direction of writing.
    package static func make(_ bytes: [UInt8]) -> String {
        make(bytes, atMost: .max).text
    }

    /// The same, cut before the character with which it would have more than `limit` bytes.
    package static func make(_ bytes: [UInt8], atMost limit: Int) -> (text: String, isWhole: Bool) {
        // No character takes fewer bytes after this than before, so that what lies behind the limit need not be decoded.
        let begin = bytes.count > limit ? bytes[..<wholeCharacters(of: bytes, limit: limit)] : bytes[...]
        if begin.allSatisfy({ (0x20..<0x7F).contains($0) || $0 == 0x09 }) {
            return (String(decoding: begin, as: UTF8.self), begin.count == bytes.count)
        }
        var text = ""
        var count = 0
        for scalar in String(decoding: begin, as: UTF8.self).unicodeScalars {
            let piece = escaped(scalar)
            count += piece.utf8.count
            guard count <= limit else { return (text, false) }
            text += piece
        }
        return (text, begin.count == bytes.count)
    }

    /// The text for a message, in quotes: its begin, if it is long.
    package static func quoted(_ bytes: [UInt8]) -> String {
        let (text, isWhole) = make(bytes, atMost: 100)
        return "'\(text)\(isWhole ? "" : "…")'"
    }

    /// The largest count up to `limit` that does not end within a character, as far as it is UTF-8.
    private static func wholeCharacters(of bytes: [UInt8], limit: Int) -> Int {
        var end = max(0, limit)
        var steps = 0
        while end > 0, steps < 3, bytes[end] & 0xC0 == 0x80 {
            end -= 1
            steps += 1
        }
        return end
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar.value {
        case 0x0A: "\\n"
        case 0x09: "\t"
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069:
            "\\u{\(String(scalar.value, radix: 16))}"
        default: String(Character(scalar))
        }
    }
}
