import Airlock
import AirlockProxyWasm

enum UnrulyStopped {
    /// A way to misbehave, and the limit that stops it.
    private struct Case {
        let title: String
        let path: String
        let misbehaviour: String
        let limit: PluginError.Code
    }

    private static let cases = [
        Case(
            title: "A filter that never ends is stopped by its fuel", path: "/unruly", misbehaviour: "loop",
            limit: .fuel),
        Case(
            title: "With fuel for hours, it is stopped by its deadline", path: "/unruly-rich", misbehaviour: "loop",
            limit: .deadline),
        Case(
            title: "A filter that takes all memory is stopped by its limit", path: "/unruly", misbehaviour: "memory",
            limit: .memory),
    ]

    private static let bad = 4
    private static let good = 100

    static func show(_ visitor: Visitor, _ transcript: Transcript) async throws {
        for unruly in cases { try await show(unruly, visitor, transcript) }
    }

    /// Sends bad requests, and good ones through other filters at the same time.
    private static func show(_ unruly: Case, _ visitor: Visitor, _ transcript: Transcript) async throws {
        transcript.step(unruly.title)
        async let others = servedMeanwhile(visitor)
        var replies: [Visitor.Reply] = []
        for _ in 1...bad {
            replies.append(try await visitor.send(unruly.path, headers: [("x-unruly", unruly.misbehaviour)]))
        }
        let served = try await others
        transcript.sent("GET \(unruly.path)   x-unruly: \(unruly.misbehaviour)   (\(bad) times)")
        transcript.came(replies.map { String($0.status) }.joined(separator: " "))
        transcript.accounted(replies.last?.report)
        if let failure = replies.last?.firstFilter?.failure {
            transcript.line("      \(failure.message)")
        }
        transcript.sent("GET /hello   (\(good) times, meanwhile)")
        transcript.came("\(served) of \(good) answered 200")
        let codes = replies.map { $0.firstFilter?.failure?.code }
        let isStopped = codes.allSatisfy { $0 == unruly.limit } && replies.allSatisfy { $0.status == 503 }
        let after = try await visitor.send(unruly.path)
        transcript.sent("GET \(unruly.path)   (well-behaved, by a fresh instance)")
        transcript.came("\(after.status)")
        transcript.observe(
            "stopped by \(unruly.limit), others served meanwhile, itself served afterwards",
            isStopped && served == good && after.status == 200
        )
    }

    private static func servedMeanwhile(_ visitor: Visitor) async throws -> Int {
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 1...4 {
                group.addTask {
                    var served = 0
                    for _ in 1...(good / 4) where try await visitor.sendQuickly("/hello").status == 200 { served += 1 }
                    return served
                }
            }
            return try await group.reduce(0, +)
        }
    }
}
