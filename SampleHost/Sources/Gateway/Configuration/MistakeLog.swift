import Yams

/// Collects the mistakes of one file while it is read.
final class MistakeLog {
    private(set) var mistakes: [ConfigurationMistake] = []

    func add(line: Int?, key: String, _ message: String) {
        mistakes.append(ConfigurationMistake(line: line, key: key, message: message))
    }

    func add(_ node: Node, key: String, _ message: String) {
        add(line: node.mark?.line, key: key, message)
    }

    /// The mistakes in the order of their lines.
    var sorted: [ConfigurationMistake] {
        mistakes.enumerated().sorted { ($0.element.line ?? 0, $0.offset) < ($1.element.line ?? 0, $1.offset) }.map(
            \.element)
    }
}

extension Node {
    /// What a person would call this node in an error.
    var spoken: String {
        switch self {
        case .scalar(let scalar) where scalar.string.isEmpty: "nothing"
        case .scalar(let scalar): "\"\(scalar.string.prefix(80))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
