/// Reads the routes of a virtual host (`envoy.config.route.v3.VirtualHost`) that takes all hosts.
struct VirtualHostReader {
    let input: Input
    /// The names of the clusters that are upstreams.
    let clusters: Set<String>
    /// The plugins that requests go through.
    let filters: [String]
    let allowsGaps: Bool

    func read() -> [GatewayDocument.Route] {
        let domains = input.field("domains")
        guard let names = domains?.items.map(\.text), names == ["*"] else {
            input.gap("left out: the gateway's routes are for all hosts, expected domains: [\"*\"]")
            return []
        }
        let name = input.field("name")?.text
        if let tls = input.field("require_tls"), tls.text != "NONE" { tls.gap("listeners of the gateway have no TLS") }
        input.leaveOut(
            "virtual_clusters", "retry_policy", "retry_policy_typed_config", "hedge_policy",
            "include_request_attempt_count", "include_attempt_count_in_response", "include_is_timeout_retry_header",
            "per_request_buffer_limit_bytes", "request_body_buffer_limit", "request_mirror_policies")
        return (input.field("routes")?.items ?? []).compactMap { item in
            var found = route(item)
            found?.place = item.path
            found?.host = input.path
            found?.virtualHost = name
            return found
        }
    }

    private func route(_ route: Input) -> GatewayDocument.Route? {
        let match = route.field("match")
        guard let (kind, path) = match.flatMap(self.match) else {
            let reason =
                "the gateway matches prefix, path and path_separated_prefix, with regard to case and nothing else"
            guard !allowsGaps else {
                route.gap("left out: \(reason)")
                return nil
            }
            let (kind, path) = match.map(mostPaths) ?? (.prefix, "/")
            route.gap("\(path == "/" ? "this and all after it answer" : "answers") 501: \(reason)")
            var closed = GatewayDocument.Route(match: kind, path: path, action: .respond(status: 501, body: ""))
            closed.name = route.field("name")?.text
            closed.isClosed = true
            return closed
        }
        var result = GatewayDocument.Route(match: kind, path: path, action: .respond(status: 501, body: ""))
        if let action = action(route) { result.action = action } else { result.isClosed = true }
        result.filters = filters
        route.leaveOut(
            "decorator", "tracing", "stat_prefix", "per_request_buffer_limit_bytes", "request_body_buffer_limit")
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
        return paths(match)
    }

    /// Where the paths of a match are known, whatever else it asks for.
    private func paths(_ match: Input) -> (GatewayDocument.Route.Match, String)? {
        let found: (GatewayDocument.Route.Match, String?)
        if let prefix = match.field("prefix") {
            found = prefix.text == "/" ? (.prefix, "/") : (.startsWith, prefix.text)
        } else if let path = match.field("path") {
            found = (.path, path.text)
        } else {
            found = (.prefix, match.field("path_separated_prefix")?.text)
        }
        guard let path = found.1, Self.isPath(path) else { return nil }
        return (found.0, path)
    }

    /// At least the paths that a match takes which has conditions that the gateway has not.
    private func mostPaths(_ match: Input) -> (GatewayDocument.Route.Match, String) {
        if let isSensitive = match.field("case_sensitive"), isSensitive.flag != true { return (.prefix, "/") }
        if let found = paths(match) { return found }
        let literal = match.field("safe_regex")?.field("regex")?.text.map(RegexPrefix.literal) ?? ""
        return Self.isPath(literal) && literal != "/" ? (.startsWith, literal) : (.prefix, "/")
    }

    private static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && !text.contains { "?#".contains($0) || $0.isWhitespace }
    }

    /// Nil, with a gap, where the gateway can only answer 501.
    private func action(_ route: Input) -> GatewayDocument.Route.Action? {
        if let direct = route.field("direct_response") { return respond(direct) }
        guard let forward = route.field("route") else {
            route.ledger.gap(
                route.node, route.path,
                "answered with 501: the gateway has routes with direct_response and route.cluster", .differs)
            route.leaveOut("redirect", "filter_action", "non_forwarding_action")
            return nil
        }
        guard let cluster = forward.field("cluster"), let name = cluster.text else {
            forward.gap("answered with 501: expected cluster", .differs)
            return nil
        }
        forward.field("timeout")?.gap(
            "the gateway bounds how long an upstream is silent, by responseTimeout of upstreams.\(name)", .differs)
        forward.leaveOut(
            "idle_timeout", "flush_timeout", "max_stream_duration", "max_grpc_timeout", "grpc_timeout_offset",
            "retry_policy", "retry_policy_typed_config", "hedge_policy", "hash_policy", "priority", "early_data_policy",
            "cluster_not_found_response_code", "request_mirror_policies", "append_x_forwarded_host")
        guard clusters.contains(name) else {
            cluster.gap("answered with 503: no upstream \"\(name)\"", .differs)
            return .respond(status: 503, body: "")
        }
        return .forward(upstream: name)
    }

    private func respond(_ direct: Input) -> GatewayDocument.Route.Action? {
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
        guard let status else {
            direct.gap("answered with 501: expected a status", .differs)
            return nil
        }
        return .respond(status: status, body: body)
    }
}
