import Yams

/// The text of a bootstrap as nodes that know their lines.
enum BootstrapDocument {
    /// Nodes with all aliases resolved; an alias costs nothing in the text, and here as much as what it stands for.
    private static let mostNodes = 1_000_000
    private static let deepest = 256

    static func compose(_ text: String) throws(EnvoyConversionError) -> Node {
        guard text.utf8.count <= EnvoyConversion.mostBytes else {
            throw EnvoyConversionError(
                "expected at most \(EnvoyConversion.mostBytes) bytes, found \(text.utf8.count)")
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch YamlError.duplicatedKeysInMapping(let duplicates, let context) {
            let names = duplicates.map { OneLine.text($0) }.joined(separator: ", ")
            throw EnvoyConversionError("line \(context.mark.line): expected each key once, found \(names) again")
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw EnvoyConversionError("line \(mark.line): expected YAML: \(OneLine.text(problem))")
        } catch {
            throw EnvoyConversionError("expected YAML: \(OneLine.text("\(error)"))")
        }
        guard let root, case .mapping = root else {
            throw EnvoyConversionError("expected a mapping with the keys of an Envoy bootstrap")
        }
        var left = mostNodes
        guard isBounded(root, depth: 0, &left) else {
            throw EnvoyConversionError("expected at most \(mostNodes) values, nested at most \(deepest) deep")
        }
        return root
    }

    private static func isBounded(_ node: Node, depth: Int, _ left: inout Int) -> Bool {
        left -= 1
        guard left > 0, depth < deepest else { return false }
        switch node {
        case .scalar, .alias: return true
        case .sequence(let nodes):
            for node in nodes where !isBounded(node, depth: depth + 1, &left) { return false }
        case .mapping(let entries):
            for (_, node) in entries where !isBounded(node, depth: depth + 1, &left) { return false }
        }
        return true
    }
}
