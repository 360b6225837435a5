import Yams

/// Turns the nodes of a YAML document into values, and remembers where each stands.
struct ManifestNodes {
    var origin: ManifestOrigin

    /// Reads a document whose top is a map.
    mutating func read(
        _ text: String
    ) throws(PluginError) -> (values: [String: ManifestValue], origin: ManifestOrigin) {
        let (parser, root) = try compose(text)
        // Nodes refer to their anchors weakly: they are the parser's.
        defer { withExtendedLifetime(parser) {} }
        guard let root else { throw origin.error(at: "", "expected a map, came an empty text") }
        guard case .map(let values) = try value(root, path: "", depth: 0) else {
            throw origin.error(at: place(root), "expected a map at the top, came \(root.inWords)")
        }
        return (values, origin)
    }

    private func compose(_ text: String) throws(PluginError) -> (Parser, Node?) {
        do {
            // Without rules of resolution every plain word is text; `value(ofPlain:)` reads the numbers.
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            return (parser, try parser.singleRoot())
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            let key = ManifestValue.shortened(keys.min() ?? "")
            throw origin.error(
                at: ManifestOrigin.Place(context.mark),
                "expected each key once, came '\(key)' more than once in the same map"
            )
        } catch YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _)
        {
            throw origin.error(at: ManifestOrigin.Place(mark), "expected one YAML document: \(problem)")
        } catch YamlError.reader(let problem, _, _, _) {
            throw origin.error(at: "", "expected YAML: \(problem)")
        } catch {
            throw origin.error(at: "", "expected YAML, which could not be read")
        }
    }

    private mutating func value(_ node: Node, path: String, depth: Int) throws(PluginError) -> ManifestValue {
        let place = place(node)
        guard depth <= ManifestText.mostNesting else {
            throw origin.error(at: place, "expected at most \(ManifestText.mostNesting) levels of lists and maps")
        }
        guard node.anchor == nil else { throw origin.error(at: place, "anchors and aliases are not accepted") }
        if let tag = node.spelledTag {
            throw origin.error(at: place, "tags are not accepted, came '\(ManifestValue.shortened(tag))'")
        }
        origin.places[path] = place
        switch node {
        case .scalar(let scalar):
            return scalar.style == .plain ? Self.value(ofPlain: scalar.string) : .text(scalar.string)
        case .sequence(let sequence):
            var items: [ManifestValue] = []
            for (index, item) in sequence.enumerated() {
                items.append(try value(item, path: "\(path)[\(index)]", depth: depth + 1))
            }
            return .list(items)
        case .mapping(let mapping):
            var values: [String: ManifestValue] = [:]
            for (key, item) in mapping {
                guard case .scalar(let name) = key, key.anchor == nil else {
                    throw origin.error(at: self.place(key), "expected a key that is text, came \(key.inWords)")
                }
                // Every value below has the key in its path.
                guard name.string.utf8.count <= ManifestText.longestKey else {
                    throw origin.error(
                        at: self.place(key),
                        "expected keys of at most \(ManifestText.longestKey) bytes, came '\(ManifestValue.shortened(name.string))'"
                    )
                }
                let path = path.isEmpty ? name.string : "\(path).\(name.string)"
                origin.keys[path] = self.place(key)
                values[name.string] = try value(item, path: path, depth: depth + 1)
            }
            return .map(values)
        case .alias:
            throw origin.error(at: place, "anchors and aliases are not accepted")
        }
    }

    /// What a word without quotes is: YAML 1.2's core schema, with decimal numbers only.
    private static func value(ofPlain word: String) -> ManifestValue {
        switch word {
        case "", "~", "null": return .null
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        default: break
        }
        let digits = word.hasPrefix("-") || word.hasPrefix("+") ? word.dropFirst() : word[...]
        guard let first = digits.utf8.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return .text(word)
        }
        let isWhole = digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        if isWhole {
            guard digits.utf8.count == 1 || first != UInt8(ascii: "0"), let number = Int(word) else {
                return .text(word)
            }
            return .integer(number)
        }
        let isNumber = digits.utf8.allSatisfy { "0123456789.eE+-".utf8.contains($0) }
        if isNumber, let number = Double(word), number.isFinite { return .number(number) }
        return .text(word)
    }

    private func place(_ node: Node) -> ManifestOrigin.Place? { node.mark.map(ManifestOrigin.Place.init) }
}

extension ManifestOrigin.Place {
    init(_ mark: Mark) {
        self.init(line: mark.line, column: mark.column)
    }
}

extension Node {
    /// The tag that the text spells out; nil where there is none.
    fileprivate var spelledTag: String? {
        switch self {
        case .scalar(let scalar):
            // The parser gives quoted text this tag by itself.
            scalar.tag.isSilent || scalar.style != .plain && scalar.tag.rawValue == Tag.Name.str.rawValue
                ? nil : scalar.tag.rawValue
        case .sequence(let sequence): sequence.tag.isSilent ? nil : sequence.tag.rawValue
        case .mapping(let mapping): mapping.tag.isSilent ? nil : mapping.tag.rawValue
        case .alias: nil
        }
    }

    fileprivate var inWords: String {
        switch self {
        case .scalar(let scalar): "'\(ManifestValue.shortened(scalar.string))'"
        case .sequence: "a list"
        case .mapping: "a map"
        case .alias: "an alias"
        }
    }
}

extension Tag {
    fileprivate var isSilent: Bool { rawValue.isEmpty }
}
