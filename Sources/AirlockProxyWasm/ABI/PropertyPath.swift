/// The path of a property, as `proxy_get_property` passes it: segments that are joined by one NUL byte each.
///
/// A NUL byte at the end is accepted, as Envoy does. Segments are compared as bytes; a path is never decoded as a
/// whole, because header names within it may hold dots.
struct PropertyPath {
    /// The longest path in bytes that is looked at.
    static let maximumBytes = 1024
    /// The most segments that a path may have.
    static let maximumSegments = 16

    let segments: [String]

    /// Splits the bytes; nil when they are empty, too long, too deep or not UTF-8.
    init?(_ bytes: some Collection<UInt8>) {
        guard !bytes.isEmpty, bytes.count <= Self.maximumBytes else { return nil }
        var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
        if parts.count > 1, parts.last?.isEmpty == true {
            parts.removeLast()
        }
        guard parts.count <= Self.maximumSegments else { return nil }
        var segments: [String] = []
        segments.reserveCapacity(parts.count)
        for part in parts {
            guard let text = String(validating: part, as: UTF8.self) else { return nil }
            segments.append(text)
        }
        self.segments = segments
    }

    /// The segments joined by dots, as documentation writes a path.
    var dotted: String { segments.joined(separator: ".") }
}
