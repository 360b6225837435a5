/// A path prefix that is compared segment by segment.
///
/// `/api` takes `/api`, `/api/` and `/api/users?x=1`, but not `/apis`; `/` takes every path. The path is compared byte for
/// byte as the client sent it; only characters that may not stand in a URL were percent-encoded before.
public struct PathPrefix: Sendable, Hashable, CustomStringConvertible {
    /// The prefix as it was written, without trailing slashes (but `/` stays `/`).
    public let description: String

    /// `nil` when the text does not begin with `/`, or has a `?`, `#` or white space in it.
    public init?(_ text: String) {
        guard let path = PathText(text) else { return nil }
        var text = Substring(path.description)
        while text.count > 1, text.hasSuffix("/") { text.removeLast() }
        description = String(text)
    }

    /// Whether the path of a request target (`/path?query`) is under this prefix.
    public func matches(_ target: String) -> Bool {
        if description == "/" { return target.hasPrefix("/") }
        let prefix = description.utf8
        let target = target.utf8
        guard target.starts(with: prefix) else { return false }
        guard let next = target.dropFirst(prefix.count).first else { return true }
        return next == UInt8(ascii: "/") || next == UInt8(ascii: "?")
    }
}
