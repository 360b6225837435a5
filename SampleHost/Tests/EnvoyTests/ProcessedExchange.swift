/// A comparison of filters that an Envoy has an external processor for with the same filters in the gateway.
struct ProcessedExchange: Sendable {
    let comparison: Comparison
    /// How Envoy sends bodies.
    let bodies: ProcessedBodies

    private init(_ comparison: Comparison, _ bodies: ProcessedBodies = .asked) {
        self.comparison = bodies == .asked ? comparison : comparison.renamed("\(comparison.name)-\(bodies)")
        self.bodies = bodies
    }

    static let all = (listed(asked) + [properties, closing]).map { ProcessedExchange($0) } + bodies

    /// Those of the list with these names. What acts on each part of a body is not among them: parts come otherwise through Envoy.
    private static func listed(_ names: [String]) -> [Comparison] {
        names.compactMap { name in
            var comparison = Comparison.all.first { $0.name == name }
            comparison?.comparesParts = false
            comparison?.difference = nil
            return comparison
        }
    }

    private static let asked = [
        "get", "post", "post-chunked", "post-empty", "put", "delete", "head", "no-content", "not-found",
        "chunked-answer", "two-filters", "three-filters", "read-fields", "change-request", "change-response",
        "upper-case", "empty-value", "change-path", "change-method", "change-status", "later-filter-sees",
        "response-in-reverse", "rewrite-body", "rewrite-response-body", "reply-at-end", "large-body", "reply",
        "reply-empty", "reply-to-post", "reply-from-response", "reply-of-second", "reply-changed", "pause-and-call",
        "pause-response", "pause-twice", "call-answer", "call-refuses", "call-with-body", "shared-data", "trap",
        "trap-open", "trap-response", "trap-at-end",
    ]

    /// What Envoy is asked to tell (`request_attributes`), and what the headers have.
    private static let properties = Comparison(
        name: "properties-told",
        scripts: [
            [
                "request/path", "request/method", "request/protocol", "request/id", "source/address", "route_name",
                "xds/route_name", "cluster_name", "xds/cluster_name", "connection/mtls", "response/code", "nosuch",
            ].map { "response_headers property \($0)" }.joined(separator: "\n")
        ],
        request: Comparison.Request(path: "/plain?a=1", headers: [("x-request-id", "id1")]))

    private static let closing = Comparison(
        name: "close", scripts: ["request_headers close 0"],
        difference: Comparison.Difference(
            parts: [.status], reason: "the client gets 502 from Envoy; the gateway closes the connection"))

    private static let bodies = ProcessedBodies.allCases.filter { $0 != .asked }.flatMap { bodies in
        listed([
            "post", "post-chunked", "rewrite-body", "rewrite-response-body", "reply-at-end", "trap-at-end",
            "large-body",
        ]).map { ProcessedExchange($0, bodies) }
    }
}

extension Comparison {
    fileprivate func renamed(_ name: String) -> Comparison {
        Comparison(name: name, scripts: scripts, request: request, failsOpen: failsOpen)
    }
}
