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
        var upstream = GatewayDocument.Upstream(name: name, url: "", connectTimeout: "5s")
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
        return upstream
    }

    private func address() -> SocketAddress? {
        guard let assignment = input.field("load_assignment") else { return nil }
        assignment.field("cluster_name")?.settle()
        var found: SocketAddress?
        for locality in assignment.field("endpoints")?.items ?? [] {
            for endpoint in locality.field("lb_endpoints")?.items ?? [] {
                guard let place = endpoint.field("endpoint")?.field("address") else { continue }
                guard found == nil else {
                    endpoint.gap("the gateway sends to one address of an upstream")
                    continue
                }
                found = SocketAddress(place)
            }
        }
        return found
    }

    /// `max_connections` of the first thresholds, which are for usual requests unless they say otherwise.
    private func connections() -> Int? {
        let thresholds = input.field("circuit_breakers")?.field("thresholds")?.items ?? []
        guard let first = thresholds.first, let most = first.field("max_connections") else { return nil }
        if let priority = first.field("priority") {
            guard priority.value("DEFAULT", parse: { $0 == "DEFAULT" ? $0 : nil }) != nil else { return nil }
        }
        return most.value("a number from 1 to 65535") { Int($0).flatMap { (1...65535).contains($0) ? $0 : nil } }
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
            message.fields.field("explicit_http_config")?.field("http_protocol_options").map(emptyOnly)
        }
    }

    private func emptyOnly(_ options: Input) { _ = options.entries }
}
