enum HeadersAdded {
    static func show(_ visitor: Visitor, _ transcript: Transcript) async throws {
        transcript.step("A filter adds headers to the request and to the response")
        transcript.sent("GET /hello")
        let reply = try await visitor.send("/hello")
        let servedBy = reply.header("x-served-by") ?? "(missing)"
        let build = reply.header("x-airlock-build") ?? "(missing)"
        transcript.came("\(reply.status)   x-served-by: \(servedBy)   x-airlock-build: \(build)")
        let upstreamSaw = reply.body.contains(#""x-from": "airlock""#)
        transcript.came("      the upstream saw x-from: \(upstreamSaw ? "airlock" : "(missing)")")
        transcript.accounted(reply.report)
        transcript.observe("headers added both ways", reply.status == 200 && servedBy == "airlock" && upstreamSaw)
    }
}
