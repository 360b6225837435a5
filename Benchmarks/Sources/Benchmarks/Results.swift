import Foundation

/// The rows as a table for people and as a file for programs.
struct Results {
    let rows: [Row]

    var table: String {
        var lines = ["                    measured      floor   ratio    goal"]
        for row in rows {
            let numbers = [row.value, row.floor].map { padded(decimals($0, 1) + " " + row.unit, to: 11) }.joined()
            let ratios = padded(decimals(row.ratio, 2), to: 8) + padded(decimals(row.goal, 2), to: 8)
            let verdict = row.meetsGoal ? "" : "   over the goal"
            lines.append(row.name.padding(toLength: 17, withPad: " ", startingAt: 0) + numbers + ratios + verdict)
        }
        return lines.joined(separator: "\n")
    }

    /// Writes a list of objects with the keys `name`, `unit`, `value`, `floor`, `ratio` and `goal`.
    func write(to path: String) throws {
        let objects = rows.map { row in
            """
              {"name": "\(row.name)", "unit": "\(row.unit)", "value": \(decimals(row.value, 2)), \
            "floor": \(decimals(row.floor, 2)), "ratio": \(decimals(row.ratio, 3)), "goal": \(row.goal)}
            """
        }
        let text = "[\n" + objects.joined(separator: ",\n") + "\n]\n"
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }

    private func decimals(_ value: Double, _ count: Int) -> String {
        value.formatted(.number.precision(.fractionLength(count)).grouping(.never).locale(Locale(identifier: "en_US")))
    }

    private func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(width - text.count, 0)) + text
    }
}
