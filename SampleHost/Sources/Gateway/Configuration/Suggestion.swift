/// Finds the name that was probably meant.
enum Suggestion {
    /// ` (did you mean X?)` for the closest of `known` names, or nothing when none is close.
    static func phrase(for name: String, among known: some Sequence<String>) -> String {
        let closest = known.map { ($0, distance(name.lowercased(), $0.lowercased())) }.min { $0.1 < $1.1 }
        guard let closest, closest.1 <= max(1, name.count / 3) else { return "" }
        return " (did you mean \(closest.0)?)"
    }

    /// The number of single-character edits between two names (Levenshtein).
    private static func distance(_ first: String, _ second: String) -> Int {
        let columns = Array(second.prefix(64))
        var previous = Array(0...columns.count)
        for (row, character) in first.prefix(64).enumerated() {
            var current = [row + 1]
            for (column, other) in columns.enumerated() {
                let substitution = previous[column] + (character == other ? 0 : 1)
                current.append(min(substitution, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[columns.count]
    }
}
