import Yams

/// Reads an Envoy bootstrap (`envoy.config.bootstrap.v3.Bootstrap`).
struct BootstrapReader {
    let input: Input

    func read() -> GatewayDocument {
        var document = GatewayDocument()
        document.admin = admin()
        guard let resources = input.field("static_resources") else { return document }
        var clusters: Set<String> = []
        for cluster in resources.field("clusters")?.items ?? [] {
            guard let upstream = ClusterReader(input: cluster).read() else { continue }
            guard clusters.insert(upstream.name).inserted else {
                cluster.gap("expected a name of its own, found \"\(upstream.name)\" a second time")
                continue
            }
            document.upstreams.append(upstream)
        }
        let plugins = PluginCollector()
        for listener in resources.field("listeners")?.items ?? [] {
            guard document.listeners.isEmpty else {
                listener.gap("the gateway has one listener")
                continue
            }
            let reader = ListenerReader(input: listener, clusters: clusters, plugins: plugins)
            if let listener = reader.read() { document.listeners.append(listener) }
        }
        document.plugins = plugins.plugins
        return document
    }

    private func admin() -> String? {
        guard let admin = input.field("admin"), let address = admin.field("address") else { return nil }
        guard let found = SocketAddress(address) else { return nil }
        guard found.isLoopback else {
            address.gap("the gateway's operators connect to a loopback address, or with a token (tokenFile)")
            return nil
        }
        address.note("the gateway's paths for operators are other ones than Envoy's")
        return found.description
    }
}

/// The address of a TCP socket (`envoy.config.core.v3.Address`).
struct SocketAddress: CustomStringConvertible {
    let host: String
    let port: Int

    /// Nil, with a gap, where it is something else.
    init?(_ address: Input) {
        guard let socket = address.field("socket_address") else {
            address.gap("expected a socket_address")
            return nil
        }
        if let kind = socket.field("protocol") { _ = kind.value("TCP") { $0 == "TCP" ? $0 : nil } }
        guard let host = socket.field("address")?.text,
            let port = socket.field("port_value")?.value("a port", parse: { UInt16($0) })
        else {
            socket.gap("expected an address and a port_value")
            return nil
        }
        self.host = host
        self.port = Int(port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" || host == "localhost" }
}
