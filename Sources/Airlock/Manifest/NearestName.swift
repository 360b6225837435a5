/// Finds the name that was probably meant.
enum NearestName {
    /// The one of `known` that differs from `name` by the fewest single-character edits, if these are few.
    static func of(_ name: String, among known: some Sequence<String>) -> String? {
        // Longer names are nobody's typing error, and the comparison takes time in proportion to both lengths.
        guard name.utf8.count <= 64 else { return nil }
        let written = Array(name.lowercased())
        let ranked = known.map { (name: $0, edits: edits(written, Array($0.lowercased()))) }
        guard let nearest = ranked.min(by: { $0.edits < $1.edits }) else { return nil }
        return nearest.edits <= min(max(2, written.count / 4), written.count / 2) ? nearest.name : nil
    }

    /// How many characters must be put in, taken out or replaced to make one name of the other (Levenshtein distance).
    private static func edits(_ first: [Character], _ second: [Character]) -> Int {
        var previous = Array(0...second.count)
        for (row, character) in first.enumerated() {
            var current = [row + 1]
            for (column, other) in second.enumerated() {
                let replaced = previous[column] + (character == other ? 0 : 1)
                current.append(min(replaced, previous[column + 1] + 1, current[column] + 1))
            }
            previous = current
        }
        return previous[second.count]
    }
}
