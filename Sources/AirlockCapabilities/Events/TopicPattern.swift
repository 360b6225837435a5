/// Which topics a plugin may publish to: `orders.created` is that topic, `orders.*` all whose names begin with `orders.` and go on, `*`
/// all. A star anywhere else stands for itself. Names are compared by their bytes.
public struct TopicPattern: Sendable, Hashable, CustomStringConvertible, ExpressibleByStringLiteral {
    public let description: String
    private let bytes: [UInt8]
    private let isPrefix: Bool

    /// Reads a pattern.
    public init(_ description: String) {
        self.description = description
        let text = Array(description.utf8)
        isPrefix = text == Array("*".utf8) || text.suffix(2) == Array(".*".utf8)[...]
        bytes = isPrefix ? text.dropLast() : text
    }

    public init(stringLiteral description: String) {
        self.init(description)
    }

    /// Whether a topic is one of those.
    public func matches(_ topic: String) -> Bool {
        let topic = Array(topic.utf8)
        return isPrefix ? topic.count > bytes.count && topic.starts(with: bytes) : topic == bytes
    }

    /// Whether every topic of the other pattern is one of this.
    public func covers(_ other: TopicPattern) -> Bool {
        guard isPrefix else { return self == other }
        return other.isPrefix ? other.bytes.starts(with: bytes) : matches(other.description)
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.bytes == right.bytes && left.isPrefix == right.isPrefix
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(bytes)
        hasher.combine(isPrefix)
    }
}
