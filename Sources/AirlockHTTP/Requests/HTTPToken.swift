/// What methods and header names are made of.
enum HTTPToken {
    /// Whether the text is a token as of RFC 9110.
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0.isLetter || $0.isDigit || "!#$%&'*+-.^_`|~".utf8.contains($0) }
    }
}
