import Foundation
import Synchronization

enum ReplacedUnderLoad {
    private static let requests = 2000
    private static let connections = 8
    /// The new build must answer within so many requests.
    private static let patience = 200_000

    static func show(_ visitor: Visitor, _ stage: Stage, _ transcript: Transcript) async throws {
        transcript.step("A new build of add-header replaces the running one under load")
        transcript.sent("GET /hello   (\(Account.grouped(requests)) times on \(connections) connections)")
        let load = Load()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 1...connections {
                group.addTask {
                    while let number = load.next() {
                        if number == requests / 4 {
                            try stage.replaceAddHeader(with: "add-header-v2.wasm")
                            transcript.line(
                                "      add-header-v2.wasm written over the watched file at request \(number)")
                        }
                        await load.sendOne(visitor)
                    }
                }
            }
            try await group.waitForAll()
        }
        let result = load.tally
        for (build, count) in result.builds.sorted(by: { $0.key < $1.key }) {
            transcript.came("x-airlock-build: \(build)   \(Account.grouped(count)) times")
        }
        transcript.came("failed: \(result.failed) of \(Account.grouped(result.sent))")
        let last = try await visitor.send("/hello")
        transcript.sent("GET /hello")
        transcript.came("\(last.status)   x-airlock-build: \(last.header("x-airlock-build") ?? "(missing)")")
        transcript.accounted(last.report)
        let isReplaced = result.builds["1", default: 0] > 0 && last.header("x-airlock-build") == "2"
        transcript.observe(
            "both builds answered, the new one goes on, and not one request failed",
            isReplaced && result.failed == 0 && result.sent >= requests
        )
    }

    /// What the requests met.
    private struct Tally: Sendable {
        var sent = 0
        var failed = 0
        var builds: [String: Int] = [:]
    }

    private final class Load: Sendable {
        private let state = Mutex(Tally())

        var tally: Tally { state.withLock { $0 } }

        /// The number of the next request; nil when there were enough and the new build has answered.
        func next() -> Int? {
            state.withLock { tally in
                let isReplaced = tally.builds["2", default: 0] > 0
                guard tally.sent < requests || (!isReplaced && tally.sent < patience) else { return nil }
                tally.sent += 1
                return tally.sent
            }
        }

        func sendOne(_ visitor: Visitor) async {
            let reply = try? await visitor.sendQuickly("/hello")
            let build = reply.flatMap { $0.status == 200 ? $0.header("x-airlock-build") : nil }
            state.withLock { tally in
                if let build { tally.builds[build, default: 0] += 1 } else { tally.failed += 1 }
            }
        }
    }
}
