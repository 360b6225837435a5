/// Reads the header that says when to come back (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// How long to wait, a day at the most. Only a number of seconds is read, no date: clocks differ.
    static func wait(_ text: String?) -> Duration? {
        guard let text, !text.isEmpty, text.utf8.allSatisfy(\.isDigit) else { return nil }
        let most = 24 * 3_600
        return .seconds(min(Int(text) ?? most, most))
    }
}
