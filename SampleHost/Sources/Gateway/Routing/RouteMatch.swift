/// Which paths a route takes. Paths are compared byte for byte, without their query; see ``PathPrefix``.
public enum RouteMatch: Sendable, Hashable, CustomStringConvertible {
    /// Those under a prefix of whole segments.
    case prefix(PathPrefix)
    /// Those that begin with this text, wherever it ends: `/api` takes `/apis`, too.
    case startsWith(PathText)
    /// This one.
    case path(PathText)

    /// Whether a request target (`/path?query`) has such a path.
    public func matches(_ target: String) -> Bool {
        switch self {
        case .prefix(let prefix):
            return prefix.matches(target)
        case .startsWith(let text):
            // The text has no `?`, so that it ends before the query.
            return target.utf8.starts(with: text.description.utf8)
        case .path(let text):
            let target = target.utf8
            let path = text.description.utf8
            guard target.starts(with: path) else { return false }
            return target.count == path.count || target.dropFirst(path.count).first == UInt8(ascii: "?")
        }
    }

    /// The text that paths are compared with.
    public var description: String {
        switch self {
        case .prefix(let prefix): prefix.description
        case .startsWith(let text), .path(let text): text.description
        }
    }
}

/// A path, or how one begins: as it is written in a request, without query.
public struct PathText: Sendable, Hashable, CustomStringConvertible {
    /// The text as it was written.
    public let description: String

    /// `nil` when the text does not begin with `/`, or has a `?`, `#` or white space in it.
    public init?(_ text: String) {
        guard text.hasPrefix("/"), !text.contains(where: { "?#".contains($0) || $0.isWhitespace }) else { return nil }
        description = text
    }
}
