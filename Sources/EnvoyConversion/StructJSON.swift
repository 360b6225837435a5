import Yams

/// A `google.protobuf.Struct` in YAML, as JSON text with sorted keys.
enum StructJSON {
    /// Nil where a value is none that JSON has, such as an infinite number.
    static func text(_ node: Node) -> String? {
        switch node {
        case .mapping(let entries):
            let pairs = entries.map { key, value in (key.scalar?.string, text(value)) }
            guard pairs.allSatisfy({ $0.0 != nil && $0.1 != nil }) else { return nil }
            let sorted = pairs.map { ($0.0 ?? "", $0.1 ?? "") }.sorted { $0.0 < $1.0 }
            return "{" + sorted.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
        case .sequence(let nodes):
            let values = nodes.compactMap(text)
            return values.count == nodes.count ? "[\(values.joined(separator: ","))]" : nil
        case .scalar(let scalar):
            if scalar.style != .any && scalar.style != .plain { return quoted(scalar.string) }
            if node.isNull { return "null" }
            if let truth = ["true": true, "false": false][scalar.string] { return "\(truth)" }
            if let number = Int(scalar.string) { return "\(number)" }
            if let number = node.float { return number.isFinite ? "\(number)" : nil }
            return quoted(scalar.string)
        case .alias: return nil
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
