/// A value in a manifest or a policy: what YAML can say, without its tags and anchors.
public enum ManifestValue: Sendable, Hashable {
    /// Nothing.
    case null
    /// True or false.
    case boolean(Bool)
    /// A whole number.
    case integer(Int)
    /// A number with a fraction.
    case number(Double)
    /// Text.
    case text(String)
    /// Values in order.
    case list([ManifestValue])
    /// Values by name.
    case map([String: ManifestValue])
}

extension ManifestValue {
    /// The value as a message names it, in some tens of characters at most.
    var inWords: String {
        switch self {
        case .null: "nothing"
        case .boolean(let value): "\(value)"
        case .integer(let value): "the number \(value)"
        case .number(let value): "the number \(value)"
        case .text(let text): "the text '\(Self.shortened(text))'"
        case .list(let items): "a list of \(items.count)"
        case .map: "a map"
        }
    }

    /// Text of a stranger, fit for a message: its begin, on one line, without control characters.
    static func shortened(_ text: String) -> String {
        let begin = text.unicodeScalars.prefix(60).map { scalar in
            scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
                || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator
                ? "\u{FFFD}" : Character(scalar)
        }
        return String(begin) + (text.unicodeScalars.dropFirst(60).isEmpty ? "" : "…")
    }
}
