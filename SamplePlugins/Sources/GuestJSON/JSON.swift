/// A JSON value, read without Foundation and without `String`: text is UTF-8 bytes, names are compared byte by byte.
public indirect enum JSON {
    case null
    case bool(Bool)
    case number(Double)
    case string([UInt8])
    case array([JSON])
    case object([Member])

    /// A name and its value.
    public struct Member {
        public let name: [UInt8]
        public let value: JSON
    }

    /// The nesting that `init(_:)` accepts.
    public static let maximumDepth = 16

    /// Reads a whole text (RFC 8259).
    ///
    /// - Throws: `ConfigurationError` with the byte offset, also for a name that occurs twice in an object and for more
    ///   than `maximumDepth` levels.
    public init(_ text: Span<UInt8>) throws(ConfigurationError) {
        var parser = JSONParser(text)
        self = try parser.document()
    }

    /// The value of a member; nil when this is no object or has no such member.
    public subscript(_ name: StaticString) -> JSON? {
        guard case .object(let members) = self else { return nil }
        for member in members where member.name.equals(name) { return member.value }
        return nil
    }

    /// The text of a string, as UTF-8.
    public var string: [UInt8]? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a number.
    public var number: Double? {
        if case .number(let value) = self { value } else { nil }
    }

    /// The elements of an array.
    public var array: [JSON]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The members of an object, in the order of the text.
    public var members: [Member]? {
        if case .object(let members) = self { members } else { nil }
    }
}

extension [UInt8] {
    func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        // Right because the index is below the count of the literal, which lives as long as the program.
        for index in indices where unsafe self[index] != literal.utf8Start[index] { return false }
        return true
    }
}
