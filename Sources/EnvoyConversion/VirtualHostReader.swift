/// Reads the routes of a virtual host (`envoy.config.route.v3.VirtualHost`) that takes all hosts.
struct VirtualHostReader {
    let input: Input
    /// The names of the clusters that are upstreams.
    let clusters: Set<String>
    /// The plugins that requests go through.
    let filters: [String]

    func read() -> [GatewayDocument.Route] {
        let domains = input.field("domains")
        guard let names = domains?.items.map(\.text), names == ["*"] else {
            input.gap("left out: the gateway's routes are for all hosts, expected domains: [\"*\"]")
            return []
        }
        let name = input.field("name")?.text
        return (input.field("routes")?.items ?? []).compactMap { item in
            var found = route(item)
            found?.virtualHost = name
            return found
        }
    }

    private func route(_ route: Input) -> GatewayDocument.Route? {
        guard let match = route.field("match") else {
            route.gap("left out: expected match")
            return nil
        }
        guard let (kind, path) = self.match(match) else {
            route.gap(
                "left out: the gateway matches prefix, path and path_separated_prefix, with regard to case and nothing else"
            )
            return nil
        }
        var result = GatewayDocument.Route(match: kind, path: path, action: action(route), filters: filters)
        result.name = route.field("name")?.text
        result.metadata = route.field("metadata").map(MetadataValues.spaces) ?? []
        return result
    }

    private func match(_ match: Input) -> (GatewayDocument.Route.Match, String)? {
        let known = [
            "prefix", "path", "path_separated_prefix", "pathSeparatedPrefix", "case_sensitive", "caseSensitive",
        ]
        guard match.entries.allSatisfy({ known.contains($0.key) }) else { return nil }
        if let isSensitive = match.field("case_sensitive"), isSensitive.flag != true { return nil }
        let found: (GatewayDocument.Route.Match, String?)
        if let prefix = match.field("prefix") {
            found = prefix.text == "/" ? (.prefix, "/") : (.startsWith, prefix.text)
        } else if let path = match.field("path") {
            found = (.path, path.text)
        } else {
            found = (.prefix, match.field("path_separated_prefix")?.text)
        }
        guard let path = found.1, path.hasPrefix("/"), !path.contains(where: { "?#".contains($0) || $0.isWhitespace })
        else { return nil }
        return (found.0, path)
    }

    private func action(_ route: Input) -> GatewayDocument.Route.Action {
        if let direct = route.field("direct_response") { return respond(direct) }
        guard let forward = route.field("route") else {
            route.ledger.gap(
                route.node, route.path,
                "answered with 501: the gateway has routes with direct_response and route.cluster")
            return .respond(status: 501, body: "")
        }
        guard let cluster = forward.field("cluster"), let name = cluster.text else {
            forward.gap("answered with 501: expected cluster")
            return .respond(status: 501, body: "")
        }
        forward.field("timeout")?.gap(
            "the gateway bounds how long an upstream is silent, by responseTimeout of upstreams.\(name)")
        guard clusters.contains(name) else {
            cluster.gap("answered with 503: no upstream \"\(name)\"")
            return .respond(status: 503, body: "")
        }
        return .forward(upstream: name)
    }

    private func respond(_ direct: Input) -> GatewayDocument.Route.Action {
        let status = direct.field("status")?.value("a status from 200 to 599") { text in
            Int(text).flatMap { (200...599).contains($0) ? $0 : nil }
        }
        var body = ""
        if let source = direct.field("body"), let bytes = source.inlineData {
            if let text = String(validating: bytes, as: UTF8.self) {
                body = text
            } else {
                source.gap("expected text in UTF-8")
            }
        }
        return .respond(status: status ?? 501, body: body)
    }
}
