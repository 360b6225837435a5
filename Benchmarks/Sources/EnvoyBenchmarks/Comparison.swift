import Foundation

/// What was measured of both servers with none, one and five filters, against what is good enough.
struct Comparison {
    let gateway: [MeasuredServer]
    let envoy: [MeasuredServer]

    /// One figure of both.
    private struct Line {
        let name: String
        let gateway: Double
        let envoy: Double
        let goal: String
        let meetsGoal: Bool
    }

    private var lines: [Line] {
        let first = (Self.first(gateway), Self.first(envoy))
        let further = (Self.further(gateway), Self.further(envoy))
        let kept = (Self.kept(gateway), Self.kept(envoy))
        return [
            Line(
                name: "first filter, µs", gateway: first.0, envoy: first.1, goal: "at most 2.0",
                meetsGoal: first.0 <= 2),
            Line(
                name: "each further one, µs", gateway: further.0, envoy: further.1, goal: "at most 1.0",
                meetsGoal: further.0 <= 1),
            Line(
                name: "kept with five, %", gateway: kept.0, envoy: kept.1, goal: "at least 80", meetsGoal: kept.0 >= 80),
            rate("requests/s with none", 0),
            rate("requests/s with five", 2),
        ]
    }

    private func rate(_ name: String, _ index: Int) -> Line {
        let (ours, theirs) = (gateway[index].rate, envoy[index].rate)
        return Line(
            name: name, gateway: ours, envoy: theirs, goal: "half of Envoy's", meetsGoal: ours >= theirs / 2)
    }

    /// Processor time that the first filter adds to a request.
    private static func first(_ servers: [MeasuredServer]) -> Double {
        servers[1].microseconds - servers[0].microseconds
    }

    /// Processor time that each of four more adds.
    private static func further(_ servers: [MeasuredServer]) -> Double {
        (servers[2].microseconds - servers[1].microseconds) / 4
    }

    /// How much of the throughput is left with five filters.
    private static func kept(_ servers: [MeasuredServer]) -> Double { 100 * servers[2].rate / servers[0].rate }

    var meetsGoals: Bool { lines.allSatisfy(\.meetsGoal) }

    var table: String {
        var rows = [
            "processor time per request, µs".padding(toLength: 34, withPad: " ", startingAt: 0) + "gateway     envoy"
        ]
        for (ours, theirs) in zip(gateway, envoy) {
            rows.append(row("  with \(ours.filters) filters", ours.microseconds, theirs.microseconds))
        }
        for line in lines {
            let verdict = line.meetsGoal ? "" : "   not reached"
            rows.append(row(line.name, line.gateway, line.envoy) + "   goal: \(line.goal)\(verdict)")
        }
        return rows.joined(separator: "\n")
    }

    private func row(_ name: String, _ ours: Double, _ theirs: Double) -> String {
        name.padding(toLength: 30, withPad: " ", startingAt: 0) + number(ours) + number(theirs)
    }

    private func number(_ value: Double) -> String {
        let text = value.formatted(
            .number.precision(.fractionLength(value < 1_000 ? 2 : 0)).grouping(.never).locale(
                Locale(identifier: "en_US")))
        return String(repeating: " ", count: max(0, 10 - text.count)) + text
    }
}
