import Yams

/// Reads the keys of one YAML mapping; what is wrong goes to the log with its line, and reading goes on.
struct SectionReader {
    let path: String
    let node: Node
    let log: MistakeLog
    private var entries: [String: Node]

    /// `nil`, with the mistake logged, when `node` is not a mapping, or has keys other than `known`.
    init?(_ node: Node, path: String, known: [String], log: MistakeLog) {
        guard case .mapping(let mapping) = node else {
            log.add(
                node, key: path,
                "expected a mapping with the keys \(known.joined(separator: ", ")), found \(node.spoken)")
            return nil
        }
        self.path = path
        self.node = node
        self.log = log
        var entries: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.string else {
                log.add(key, key: path, "expected a key that is text, found \(key.spoken)")
                continue
            }
            entries[name] = value
            guard !known.contains(name) else { continue }
            let expected = known.joined(separator: ", ")
            log.add(
                key, key: path.isEmpty ? name : "\(path).\(name)",
                "unknown key\(Suggestion.phrase(for: name, among: known)); expected \(expected)")
        }
        self.entries = entries
    }

    /// The same with the entries of another section where this one has none.
    func falling(backTo other: SectionReader) -> SectionReader {
        var both = self
        both.entries.merge(other.entries) { own, _ in own }
        return both
    }

    func key(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    func has(_ name: String) -> Bool { entries[name] != nil }

    /// The node of a key, without a mistake when it is missing.
    func optional(_ name: String) -> Node? { entries[name] }

    /// The node of a key; missing is a mistake on the section's line.
    func required(_ name: String, _ expected: String) -> Node? {
        if let node = entries[name] { return node }
        log.add(node, key: key(name), "missing; expected \(expected)")
        return nil
    }

    /// A scalar that `parse` understands; a mistake when it does not, or when it is missing without a `default`.
    func value<Value>(
        _ name: String,
        _ expected: String,
        default fallback: Value? = nil,
        parse: (String) -> Value?
    ) -> Value? {
        guard let node = fallback == nil ? required(name, expected) : entries[name] else { return fallback }
        if let text = node.scalar?.string, let value = parse(text) { return value }
        log.add(node, key: key(name), "expected \(expected), found \(node.spoken)")
        return nil
    }

    /// A truth value.
    func flag(_ name: String, default fallback: Bool = false) -> Bool? {
        value(name, "true or false", default: fallback) { ["true": true, "false": false][$0] }
    }

    /// The entries of a list with the path of each; a mistake when the node is something else.
    func list(_ name: String, _ expected: String) -> [(node: Node, path: String)] {
        guard let node = entries[name] else { return [] }
        guard case .sequence(let sequence) = node else {
            log.add(node, key: key(name), "expected \(expected), found \(node.spoken)")
            return []
        }
        return sequence.enumerated().map { ($0.element, "\(key(name))[\($0.offset)]") }
    }
}
