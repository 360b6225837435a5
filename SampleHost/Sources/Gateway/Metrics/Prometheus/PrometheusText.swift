/// The rules of the Prometheus text format for names and label values.
enum PrometheusText {
    /// A metric or label name: letters, digits, `_` and `:`, not beginning with a digit.
    static func name(_ label: String) -> String {
        let mapped = String(
            label.map { ($0.isASCII && ($0.isLetter || $0.isNumber)) || $0 == "_" || $0 == ":" ? $0 : "_" })
        return mapped.first?.isNumber == false ? mapped : "_\(mapped)"
    }

    /// `name="value",…` with `\`, `"` and line feeds escaped.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { name, value in
            let escaped = value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "\(Self.name(name))=\"\(escaped)\""
        }
        .joined(separator: ",")
    }
}
