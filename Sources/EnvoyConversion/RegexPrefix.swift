/// What all texts begin with that a regular expression of Envoy's (RE2) matches as a whole.
enum RegexPrefix {
    /// Empty where that is not known.
    static func literal(of regex: String) -> String {
        // A mark that combines with an operator would hide it.
        guard regex.allSatisfy(\.isASCII), !hasAlternatives(regex) else { return "" }
        var literal = ""
        var rest = regex.first == "^" ? regex.dropFirst() : regex[...]
        while let character = rest.popFirst() {
            switch character {
            case "\\":
                // Before letters and digits it is not that character.
                guard let escaped = rest.popFirst(), escaped.isASCII, !escaped.isLetter, !escaped.isNumber else {
                    return literal
                }
                literal.append(escaped)
            case "?", "*", "{":
                // The character before it need not be there.
                return String(literal.dropLast())
            case ".", "+", "[", "]", "(", ")", "^", "$", "}":
                return literal
            default:
                literal.append(character)
            }
        }
        return literal
    }

    /// Whether it may be several expressions that stand beside each other, and not only in a group.
    private static func hasAlternatives(_ regex: String) -> Bool {
        // What is in brackets or quoted is no group, and is not looked at here.
        guard !regex.contains("["), !regex.contains("\\Q") else { return regex.contains("|") }
        var depth = 0
        var rest = regex[...]
        while let character = rest.popFirst() {
            switch character {
            case "\\": _ = rest.popFirst()
            case "(": depth += 1
            case ")": depth -= 1
            case "|" where depth <= 0: return true
            default: break
            }
        }
        return false
    }
}
