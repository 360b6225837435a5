enum KeyRequired {
    static func show(_ visitor: Visitor, _ transcript: Transcript) async throws {
        transcript.step("A filter asks for an API key")
        transcript.sent("GET /private")
        let refused = try await visitor.send("/private")
        transcript.came("\(refused.status)   \(refused.body)")
        transcript.accounted(refused.report)
        transcript.sent("GET /private   x-api-key: k1")
        let admitted = try await visitor.send("/private", headers: [("x-api-key", "k1")])
        transcript.came("\(admitted.status)")
        transcript.accounted(admitted.report)
        transcript.observe("401 without a key, 200 with one", refused.status == 401 && admitted.status == 200)
    }
}
