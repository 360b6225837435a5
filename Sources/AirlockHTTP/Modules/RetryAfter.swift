#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Reads the header that says when to come back (RFC 9110, section 10.2.3).
enum RetryAfter {
    /// How long to wait, a day at the most; no time for a date that has passed.
    /// - Parameter date: the header that says what time it is at the server, since clocks differ. Without it the clock here counts.
    static func wait(_ text: String?, sentAt date: String?) -> Duration? {
        guard let text, !text.isEmpty else { return nil }
        let most = 24 * 3_600
        if text.utf8.allSatisfy(\.isDigit) { return .seconds(min(Int(text) ?? most, most)) }
        guard let end = self.date(text) else { return nil }
        let now = date.flatMap(self.date) ?? Date()
        return .seconds(min(max(end.timeIntervalSince(now), 0), Double(most)))
    }

    /// Reads a date as servers have to write it, `Sun, 06 Nov 1994 08:49:37 GMT` (section 5.6.7), none of the obsolete forms.
    private static func date(_ text: String) -> Date? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard text.utf8.count == 29, parts.count == 6, parts[0].hasSuffix(","), parts[5] == "GMT",
            let month = months.firstIndex(of: parts[2])
        else { return nil }
        let form = "\(parts[3])-\(month < 9 ? "0" : "")\(month + 1)-\(parts[1])T\(parts[4])Z"
        // A day or a time that there is not is another one when it is written again.
        guard let date = try? Date(form, strategy: .iso8601), date.formatted(.iso8601) == form else { return nil }
        return date
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
