import Yams

/// Metadata, which the gateway takes as it is: text, numbers, truth values, lists and mappings.
enum MetadataValues {
    /// The namespaces of `filter_metadata`.
    static func spaces(_ metadata: Input) -> [GatewayDocument.Space] {
        (metadata.field("filter_metadata")?.entries ?? []).compactMap { name, values in
            of(values).map { .init(name: name, values: $0) }
        }
    }

    /// A mapping; nil, with a gap, where it is something else or has a value that the gateway has not.
    static func of(_ values: Input) -> Node? {
        guard case .mapping = values.node else {
            values.gap("expected a mapping")
            return nil
        }
        guard let copy = copy(values.node) else {
            values.gap("left out: it has values that are null")
            return nil
        }
        values.settle()
        return copy
    }

    /// The values without the tags and anchors that they had; what was in quotes stays in quotes.
    private static func copy(_ node: Node) -> Node? {
        switch node {
        case .scalar(let scalar):
            guard !node.isNull else { return nil }
            let isPlain = scalar.style == .plain || scalar.style == .any
            return Node(scalar.string, .implicit, isPlain ? .plain : .doubleQuoted)
        case .sequence(let nodes):
            let copies = nodes.compactMap(copy)
            return copies.count == nodes.count ? Node(copies) : nil
        case .mapping(let entries):
            var copies: [(Node, Node)] = []
            for (key, value) in entries {
                guard let name = key.scalar?.string, let value = copy(value) else { return nil }
                copies.append((Node(name, .implicit, .any), value))
            }
            return Node(copies)
        case .alias: return nil
        }
    }
}
