/// What a soak says at its end.
struct SoakFigures: CustomStringConvertible {
    typealias Usage = (memory: Int, descriptors: Int)

    /// Builds that were quarantined because requests failed.
    private(set) var overdrawn = 0
    private var lines: [String]

    init(seconds: Int, requests: SoakLoad.Tally, before: Usage?, after: Usage?) {
        lines = [
            "\(requests.requests) requests on \(SoakLoad.connections) connections in \(seconds) s, \(requests.failures.count) failed, "
                + "answered by \(requests.builds.count) builds",
            "latency: "
                + [("half", 0.5), ("99 %", 0.99), ("all", 1)].map { name, share in
                    "\(name) within \(Self.milliseconds(requests.latency(share))) ms"
                }.joined(separator: ", "),
        ]
        guard let before, let after else {
            lines.append("memory and file descriptors: skipped, this system does not tell those of another process")
            return
        }
        lines.append(
            "memory: \(before.memory >> 10) KiB before, \(after.memory >> 10) KiB after; "
                + "file descriptors: \(before.descriptors) before, \(after.descriptors) after")
    }

    /// Adds what was done to a filter since the gateway's start.
    mutating func add(_ filter: SoakedFilter) async throws {
        let (tally, versions) = (filter.tally, try await filter.versions())
        let ofBudgets = versions.quarantined.count { $0.reason.contains("error budget") }
        overdrawn += ofBudgets
        let written = SoakGuest.Kind.allCases.map { "\(tally.written[$0, default: 0]) \($0)" }.joined(separator: ", ")
        lines.append(
            "filter \(filter.name): version \(versions.serving) of files written (\(written)); "
                + "\(ofBudgets) quarantined by their error budget, \(tally.quarantines) by an operator and written again "
                + "\(tally.writtenAgain) times; \(tally.rollbacks) rollbacks; \(tally.conflicts) times nothing to go back to"
        )
    }

    var description: String { lines.map { "soak: \($0)" }.joined(separator: "\n") }

    private static func milliseconds(_ duration: Duration) -> Double {
        (duration / .microseconds(100)).rounded() / 10
    }
}
