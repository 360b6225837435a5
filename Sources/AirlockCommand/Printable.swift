/// Text that a stranger wrote, on one line and without anything that a terminal would obey, at most so many characters.
func printable(_ text: some StringProtocol, most: Int = 60) -> String {
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

extension Int {
    /// The number with its digits in groups of three, such as `17,204`.
    var grouped: String {
        var groups: [String] = []
        var rest = String(magnitude)[...]
        while rest.count > 3 {
            groups.insert(String(rest.suffix(3)), at: 0)
            rest = rest.dropLast(3)
        }
        return (self < 0 ? "-" : "") + ([String(rest)] + groups).joined(separator: ",")
    }
}
