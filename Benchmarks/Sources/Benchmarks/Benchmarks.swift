import Foundation

/// Measures calls, hops and instances against the same in C, limited guests against the same without limits, and what plugins wait for each
/// other against a time slice, and prints a table.
///
///     benchmarks [--output FILE] [ROW...]
///
/// Without names all rows are measured. Ends with status 1 where a ratio is over its goal.
@main
enum Benchmarks {
    static func main() async throws {
        let rows: [(name: String, measure: () async throws -> Row)] = [
            ("typed-call", Row.typedCall),
            ("plugin-call", Row.pluginCall),
            ("typed-host-call", Row.typedHostCall),
            ("loop-hop", Row.loopHop),
            ("pooled-instance", Row.pooledInstance),
            ("fuel-calls", { try await Row.fuelCost(.calls) }),
            ("fuel-loops", { try await Row.fuelCost(.loops) }),
            ("fuel-memory", { try await Row.fuelCost(.memory) }),
            ("epochs-calls", { try await Row.epochCost(.calls) }),
            ("epochs-loops", { try await Row.epochCost(.loops) }),
            ("epochs-memory", { try await Row.epochCost(.memory) }),
            ("fair-suspendable", Row.fairToSuspendable),
            ("fair-filter", Row.fairToFilter),
        ]
        var names = CommandLine.arguments.dropFirst()
        var output: String?
        if names.first == "--output" {
            output = names.dropFirst().first
            names = names.dropFirst(2)
        }
        var measured: [Row] = []
        for row in rows where names.isEmpty || names.contains(row.name) {
            measured.append(try await row.measure())
        }
        let results = Results(rows: measured)
        print(results.table)
        if let output { try results.write(to: output) }
        if !measured.allSatisfy(\.meetsGoal) { exit(1) }
    }
}
