enum CardMasked {
    static func show(_ visitor: Visitor, _ transcript: Transcript) async throws {
        transcript.step("A filter masks a card number in a body that streams through it in parts")
        for part in EchoUpstream.cardParts { transcript.line("      the upstream streams  \(part)") }
        transcript.sent("GET /cards")
        let reply = try await visitor.send("/cards")
        transcript.came("\(reply.status)")
        for part in reply.parts { transcript.came("      \(part)") }
        transcript.accounted(reply.report)
        let isMasked = !reply.body.contains("1111 1111") && !reply.body.contains("ada@")
        let isWhole = reply.body.hasPrefix(#"{"name": "Ada", "card": ""#) && reply.body.hasSuffix(#""total": 12}"#)
        transcript.observe("the card number and the address are masked, the rest is as it was", isMasked && isWhole)
    }
}
