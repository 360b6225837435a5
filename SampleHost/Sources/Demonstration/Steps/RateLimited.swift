enum RateLimited {
    static func show(_ visitor: Visitor, _ transcript: Transcript) async throws {
        transcript.step("A filter takes three requests at once from a client, then one a second")
        var statuses: [Int] = []
        var last: Visitor.Reply?
        while statuses.count < 30, statuses.last != 429 {
            let reply = try await visitor.send("/limited", headers: [("x-client", "demo")])
            statuses.append(reply.status)
            last = reply
        }
        transcript.sent("GET /limited   x-client: demo   (\(statuses.count) times)")
        transcript.came(statuses.map(String.init).joined(separator: " "))
        transcript.came("      retry-after: \(last?.header("retry-after") ?? "(missing)")")
        transcript.accounted(last?.report)
        let others = try await visitor.send("/limited", headers: [("x-client", "another")])
        transcript.sent("GET /limited   x-client: another")
        transcript.came("\(others.status)")
        let isLimited = statuses.prefix(3) == [200, 200, 200] && statuses.last == 429
        transcript.observe("429 for the client that asks too often, not for others", isLimited && others.status == 200)
    }
}
