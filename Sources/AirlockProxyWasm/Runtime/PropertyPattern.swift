/// Properties that a filter may read and set, by their path: one, all below a path, or all.
///
/// A path is written with dots between its parts, such as `request.path`; a part that has dots itself counts as several. What a filter asks
/// for is what counts: a property with an older name besides (`route_name` for `xds.route_name`) needs a pattern for each.
public struct PropertyPattern: Sendable, Hashable, CustomStringConvertible {
    /// The pattern as it is written.
    public let description: String
    /// What the paths begin with that it stands for; nil where it stands for one alone.
    private let stem: String?

    /// Reads `request.path`, `request.headers.*` (all below `request.headers`, but not the map as a whole) or `*`; nil for what is none of
    /// these.
    public init?(_ text: String) {
        let end = text.hasSuffix(".*") ? 2 : text == "*" ? 1 : 0
        let path = text.dropLast(end)
        guard text == "*" || !path.isEmpty, !path.contains("*") else { return nil }
        description = text
        stem = end == 0 ? nil : String(text.dropLast())
    }

    /// Whether it stands for that path.
    public func matches(_ path: String) -> Bool {
        stem.map { path.hasPrefix($0) } ?? (path == description)
    }

    /// Whether it stands for all that the other stands for.
    private func covers(_ other: Self) -> Bool {
        stem.map { other.description.hasPrefix($0) } ?? (self == other)
    }

    /// Patterns for what is in both.
    static func inBoth(_ ones: Set<Self>, _ others: Set<Self>) -> Set<Self> {
        Set(ones.flatMap { one in others.compactMap { one.covers($0) ? $0 : $0.covers(one) ? one : nil } })
    }

    /// What is wanted and not given as a whole.
    static func missing(_ wanted: Set<Self>, in given: Set<Self>) -> [String] {
        wanted.filter { pattern in !given.contains { $0.covers(pattern) } }.map(\.description).sorted()
    }
}
