import Yams

/// Reads an Envoy bootstrap (`envoy.config.bootstrap.v3.Bootstrap`).
struct BootstrapReader {
    let input: Input
    let allowsGaps: Bool

    func read() -> GatewayDocument {
        var document = GatewayDocument()
        document.node = node()
        document.admin = admin()
        let plugins = PluginCollector()
        document.services = services(plugins)
        guard let resources = input.field("static_resources") else { return document }
        var clusters: Set<String> = []
        for cluster in resources.field("clusters")?.items ?? [] {
            guard let upstream = ClusterReader(input: cluster).read() else { continue }
            guard clusters.insert(upstream.name).inserted else {
                cluster.gap("left out: expected a name of its own, found \"\(upstream.name)\" a second time")
                continue
            }
            document.upstreams.append(upstream)
        }
        for listener in resources.field("listeners")?.items ?? [] {
            let reader = ListenerReader(input: listener, clusters: clusters, plugins: plugins, allowsGaps: allowsGaps)
            guard let found = reader.read() else { continue }
            if let first = document.listeners.first(where: { $0.tcp == nil }), found.tcp == nil,
                first.idle != found.idle
            {
                listener.ledger.gap(
                    listener.node, listener.path,
                    "idle_timeout: connections of all listeners may be idle as long as those of the first",
                    .differs)
            }
            document.listeners.append(found)
        }
        document.plugins = plugins.plugins
        return document
    }

    /// Gives connections upstreams of their own.
    func separateUpstreams(of document: inout GatewayDocument) {
        let items = input.field("static_resources")?.field("clusters")?.items ?? []
        let clusters = Dictionary(items.map { ($0.path, $0) }) { first, _ in first }
        UpstreamSeparation(clusters: clusters).apply(to: &document)
    }

    /// Plugins that no request passes (`envoy.extensions.wasm.v3.WasmService`).
    private func services(_ plugins: PluginCollector) -> [GatewayDocument.Service] {
        (input.field("bootstrap_extensions")?.items ?? []).compactMap { item in
            guard let any = item.field("typed_config"), let message = Message(any),
                message.type == "envoy.extensions.wasm.v3.WasmService"
            else {
                item.gap("left out: the gateway has no such extension")
                return nil
            }
            let name = item.field("name")?.text
            guard let config = message.fields.field("config"), let plugin = PluginReader(input: config).read() else {
                item.gap("left out: the gateway runs without this service")
                return nil
            }
            return GatewayDocument.Service(
                plugin: plugins.named(plugin, from: config, called: name ?? "service"),
                singleton: message.fields.field("singleton")?.flag ?? false)
        }
    }

    private func node() -> GatewayDocument.Server? {
        guard let node = input.field("node") else { return nil }
        let metadata = node.field("metadata").flatMap { MetadataValues.of($0) }
        return GatewayDocument.Server(
            id: node.field("id")?.text, cluster: node.field("cluster")?.text, metadata: metadata)
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
