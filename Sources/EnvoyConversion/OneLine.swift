/// Text that came with the input, as it can stand in a comment and in a terminal.
enum OneLine {
    /// Without line breaks and what a terminal would obey, at most so many characters.
    static func text(_ text: some StringProtocol, most: Int = 200) -> String {
        var result = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < most else { return result + "…" }
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned:
                result += scalar.escaped(asASCII: true)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// A key behind a path: `.name`, or `["a.b"]` where it is no plain name.
    static func key(_ name: String) -> String {
        let isPlain = name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "_" || $0 == "@")
        }
        return isPlain && !name.isEmpty ? ".\(name)" : "[\"\(text(name))\"]"
    }
}
