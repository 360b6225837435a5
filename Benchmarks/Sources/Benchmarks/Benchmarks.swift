import Foundation

/// Measures calls, hops and instances against the same in C, limited guests against the same without limits, and what plugins wait for each
/// other against a time slice, and what reloads cost requests; prints a table.
///
///     benchmarks [--plugins FOLDER] [--output FILE] [ROW...]
///
/// The folder is where the sample plugins were built to. Without names all rows are measured. Ends with status 1 where a ratio is over its goal.
@main
enum Benchmarks {
    static func main() async throws {
        var names = CommandLine.arguments.dropFirst()
        let plugins = try option("--plugins", &names) ?? "SamplePlugins/.build/plugins"
        let output = try option("--output", &names)
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
            ("reload-p99", { try await Row.requestsDuringReloads(plugins) }),
            ("file-to-request", { try await Row.fileToRequest(plugins) }),
        ]
        var measured: [Row] = []
        for row in rows where names.isEmpty || names.contains(row.name) {
            measured.append(try await row.measure())
        }
        let results = Results(rows: measured)
        print(results.table)
        if let output { try results.write(to: output) }
        if !measured.allSatisfy(\.meetsGoal) { exit(1) }
    }

    private static func option(_ name: String, _ arguments: inout ArraySlice<String>) throws -> String? {
        guard arguments.first == name else { return nil }
        let value = arguments.dropFirst().first
        try BenchmarkError.require(value != nil, "\(name): expected a path")
        arguments = arguments.dropFirst(2)
        return value
    }
}
