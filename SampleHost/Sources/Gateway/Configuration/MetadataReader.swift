import AirlockProxyWasm
import Yams

/// Reads what filters are told by properties: values of any kind that JSON has but null.
struct MetadataReader {
    let log: MistakeLog

    /// `{ namespace: { key: value } }`; empty without the key, and, with the mistakes logged, where it cannot be used.
    func metadata(_ section: SectionReader, _ name: String) -> Metadata {
        guard let node = section.optional(name) else { return [:] }
        let path = section.key(name)
        guard let namespaces = entries(node, path, "a mapping { namespace: { key: value } }") else { return [:] }
        return namespaces.reduce(into: [:]) { metadata, namespace in
            let path = "\(path).\(namespace.key)"
            guard let values = entries(namespace.value, path, "a mapping { key: value }") else { return }
            metadata[namespace.key] = read(values, path)
        }
    }

    /// `{ key: value }`; as ``metadata(_:_:)``.
    func values(_ section: SectionReader, _ name: String) -> [String: MetadataValue] {
        guard let node = section.optional(name) else { return [:] }
        let path = section.key(name)
        return entries(node, path, "a mapping { key: value }").map { read($0, path) } ?? [:]
    }

    private func entries(_ node: Node, _ path: String, _ expected: String) -> [(key: String, value: Node)]? {
        guard case .mapping(let mapping) = node else {
            log.add(node, key: path, "expected \(expected), found \(node.spoken)")
            return nil
        }
        return mapping.compactMap { key, value in
            guard let name = key.scalar?.string else {
                log.add(key, key: path, "expected a key that is text, found \(key.spoken)")
                return nil
            }
            return (name, value)
        }
    }

    private func read(_ entries: [(key: String, value: Node)], _ path: String) -> [String: MetadataValue] {
        entries.reduce(into: [:]) { values, entry in
            values[entry.key] = value(entry.value, "\(path).\(entry.key)")
        }
    }

    private func value(_ node: Node, _ path: String) -> MetadataValue? {
        switch node {
        case .mapping: return .map(read(entries(node, path, "a mapping") ?? [], path))
        case .sequence(let nodes):
            return .list(nodes.enumerated().compactMap { value($0.element, "\(path)[\($0.offset)]") })
        case .scalar(let scalar): return self.scalar(scalar, node, path)
        case .alias: return nil
        }
    }

    /// Text that is in quotes is text.
    private func scalar(_ scalar: Node.Scalar, _ node: Node, _ path: String) -> MetadataValue? {
        guard scalar.style == .plain || scalar.style == .any else { return .text(scalar.string) }
        if let truth = ["true": true, "false": false][scalar.string] { return .truth(truth) }
        if let number = node.float ?? node.int.map(Double.init) { return .number(number) }
        guard !["", "~", "null"].contains(scalar.string) else {
            log.add(node, key: path, "expected text, a number, true, false, a list or a mapping, found \(node.spoken)")
            return nil
        }
        return .text(scalar.string)
    }
}
