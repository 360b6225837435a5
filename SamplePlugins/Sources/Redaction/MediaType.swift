extension Redactor.Format {
    /// The format that a `content-type` stands for: `text/*`, JSON, any type that ends in `+json`, and JSON lines. Nil
    /// means that the body is no text that can be masked.
    public init?(contentType: Span<UInt8>) {
        var type: [UInt8] = []
        for index in contentType.indices {
            let byte = contentType[index]
            if byte == UInt8(ascii: ";") || byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") { break }
            let isUpper = byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z")
            type.append(isUpper ? byte | 0x20 : byte)
        }
        if type == "application/json" || type == "application/x-ndjson" || Self.hasSuffix(type, "+json") {
            self = .json
        } else if Self.hasPrefix(type, "text/") {
            self = .text
        } else {
            return nil
        }
    }

    private static func hasPrefix(_ type: [UInt8], _ prefix: StaticString) -> Bool {
        Array(type.prefix(prefix.utf8CodeUnitCount)) == prefix
    }

    private static func hasSuffix(_ type: [UInt8], _ suffix: StaticString) -> Bool {
        Array(type.suffix(suffix.utf8CodeUnitCount)) == suffix
    }
}

private func == (bytes: [UInt8], literal: StaticString) -> Bool {
    guard bytes.count == literal.utf8CodeUnitCount else { return false }
    // Right because the index is below the count of the literal, which lives as long as the program.
    for index in bytes.indices where unsafe bytes[index] != literal.utf8Start[index] { return false }
    return true
}
