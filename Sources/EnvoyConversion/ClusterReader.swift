/// Reads a cluster (`envoy.config.cluster.v3.Cluster`) with one address.
struct ClusterReader {
    let input: Input

    /// Nil, with a gap, where the gateway could not send anything to it.
    func read() -> GatewayDocument.Upstream? {
        guard let name = input.field("name")?.text, !name.isEmpty else {
            input.gap("expected a name")
            return nil
        }
        let timeout = input.field("connect_timeout")
        // Envoy's default.
        var upstream = GatewayDocument.Upstream(place: input.path, name: name, url: "", connectTimeout: "5s")
        if let given = timeout?.duration { upstream.connectTimeout = given }
        upstream.connections = connections()
        if let type = input.field("type") {
            _ = type.value("STATIC, STRICT_DNS or LOGICAL_DNS") {
                ["STATIC", "STRICT_DNS", "LOGICAL_DNS"].contains($0) ? $0 : nil
            }
        }
        input.field("dns_lookup_family")?.note("names are looked up as the system does")
        guard let address = address() else {
            input.gap("left out: expected load_assignment with the address of a socket")
            return nil
        }
        guard address.host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"/?#@".utf8.contains($0) }) else {
            input.gap("left out: expected the name of a host, found \"\(address.host)\"")
            return nil
        }
        input.field("lb_policy")?.note("one address is all that the gateway chooses from")
        upstream.url = "\(usesTLS(to: address) ? "https" : "http")://\(address)"
        checkProtocol()
        leaveOut()
        return upstream
    }

    private func leaveOut() {
        input.leaveOut(
            "alt_stat_name", "track_cluster_stats", "track_timeout_budgets", "health_checks", "outlier_detection",
            "dns_refresh_rate", "dns_failure_refresh_rate", "dns_jitter", "respect_dns_ttl", "load_balancing_policy",
            "common_lb_config", "round_robin_lb_config", "least_request_lb_config", "ring_hash_lb_config",
            "maglev_lb_config", "preconnect_policy", "max_requests_per_connection", "per_connection_buffer_limit_bytes",
            "upstream_connection_options", "close_connections_on_host_health_failure",
            "ignore_health_on_host_removal", "wait_for_warm_on_init", "cleanup_interval",
            "common_http_protocol_options", "http2_protocol_options", "protocol_selection")
    }

    private func address() -> SocketAddress? {
        guard let assignment = input.field("load_assignment") else { return nil }
        assignment.field("cluster_name")?.settle()
        var found: SocketAddress?
        for locality in assignment.field("endpoints")?.items ?? [] {
            locality.leaveOut("locality", "priority", "load_balancing_weight")
            for endpoint in locality.field("lb_endpoints")?.items ?? [] {
                guard let place = endpoint.field("endpoint")?.field("address") else { continue }
                guard found == nil else {
                    endpoint.gap("the gateway sends to one address of an upstream", .differs)
                    continue
                }
                endpoint.leaveOut("load_balancing_weight")
                endpoint.field("endpoint")?.leaveOut("health_check_config", "additional_addresses")
                found = SocketAddress(place)
            }
        }
        return found
    }

    /// `max_connections` of the first thresholds, which are for usual requests unless they say otherwise.
    private func connections() -> Int? {
        let thresholds = input.field("circuit_breakers")?.field("thresholds")?.items ?? []
        guard let first = thresholds.first else { return nil }
        for other in thresholds.dropFirst() { other.gap("an upstream of the gateway has one bound", .differs) }
        if let priority = first.field("priority"), priority.text != "DEFAULT" {
            first.gap("the gateway has nothing for it", .differs)
            return nil
        }
        first.leaveOut(
            "max_pending_requests", "max_requests", "max_retries", "max_connection_pools", "retry_budget",
            "track_remaining")
        guard let most = first.field("max_connections"), let count = most.count else { return nil }
        guard (1...65535).contains(count) else {
            most.gap("expected a number from 1 to 65535", count == 0 ? .opens : .differs)
            return nil
        }
        return count
    }

    private func usesTLS(to address: SocketAddress) -> Bool {
        guard let socket = input.field("transport_socket") else { return false }
        socket.field("name")?.settle()
        guard let any = socket.field("typed_config"), let message = Message(any) else {
            socket.gap("expected typed_config")
            return false
        }
        switch message.type {
        case "envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer": return false
        case "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext":
            any.field("@type")?.note("the gateway checks the upstream's certificate by the system's authorities")
            if let name = message.fields.field("sni"), name.text != address.host {
                name.gap("the gateway asks for the name in the upstream's address")
            }
            return true
        default:
            any.gap("expected TLS, or nothing")
            return false
        }
    }

    /// HTTP/1 can be said in several ways; all else stays unasked for, and so is listed.
    private func checkProtocol() {
        let name = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
        for (key, options) in input.field("typed_extension_protocol_options")?.entries ?? [] where key == name {
            guard let message = Message(options), message.type == name else { continue }
            let explicit = message.fields.field("explicit_http_config")
            explicit?.field("http_protocol_options").map(emptyOnly)
            explicit?.leaveOut("http2_protocol_options", "http3_protocol_options")
            message.fields.leaveOut("auto_config", "use_downstream_protocol_config", "common_http_protocol_options")
        }
    }

    private func emptyOnly(_ options: Input) { _ = options.entries }
}
