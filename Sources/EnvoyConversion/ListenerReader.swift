/// Reads a listener (`envoy.config.listener.v3.Listener`) with an http_connection_manager or a tcp_proxy.
struct ListenerReader {
    static let manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    static let router = "envoy.extensions.filters.http.router.v3.Router"

    let input: Input
    /// The names of the clusters that are upstreams.
    let clusters: Set<String>
    let plugins: PluginCollector

    /// Nil, with a gap, where it is none that the gateway could have.
    func read() -> GatewayDocument.Listener? {
        input.field("name")?.note("listeners have no names in the gateway")
        guard let place = input.field("address"), let address = SocketAddress(place) else {
            input.gap("left out: expected the address of a socket")
            return nil
        }
        let chains = input.field("filter_chains")?.items ?? []
        for other in chains.dropFirst() { other.gap("a listener of the gateway has one chain") }
        guard let chain = chains.first else {
            input.gap("left out: expected filter_chains")
            return nil
        }
        if let match = chain.field("filter_chain_match") { _ = match.entries }
        chain.field("name")?.note("filter chains have no names in the gateway")
        var ofConnections: [ConnectionFilter] = []
        for filter in chain.field("filters")?.items ?? [] {
            guard let any = filter.field("typed_config"), let message = Message(any) else {
                filter.gap("the gateway has no such network filter")
                continue
            }
            switch message.type {
            case PluginReader.networkFilter:
                ofConnections.append(ConnectionFilter(input: filter, message: message))
            case Self.manager:
                filter.field("name")?.settle()
                for filter in ofConnections {
                    filter.input.gap("left out: listeners of HTTP have no filters of connections in the gateway")
                }
                var listener = listener(address)
                read(message.fields, into: &listener)
                return listener
            case TCPProxyReader.proxy:
                filter.field("name")?.settle()
                let reader = TCPProxyReader(
                    input: message.fields, filters: ofConnections, clusters: clusters, plugins: plugins)
                guard let tcp = reader.read() else { return nil }
                var listener = listener(address)
                listener.tcp = tcp
                return listener
            default:
                filter.gap("the gateway has no such network filter")
            }
        }
        input.gap("left out: expected an http_connection_manager or a tcp_proxy")
        return nil
    }

    private func listener(_ address: SocketAddress) -> GatewayDocument.Listener {
        var listener = GatewayDocument.Listener(address: address.description)
        listener.direction = direction()
        listener.metadata = input.field("metadata").map(MetadataValues.spaces) ?? []
        return listener
    }

    private func direction() -> String? {
        input.field("traffic_direction")?.value("INBOUND, OUTBOUND or UNSPECIFIED") { text -> String?? in
            let directions: [String: String?] = ["INBOUND": "inbound", "OUTBOUND": "outbound", "UNSPECIFIED": nil]
            return directions[text]
        } ?? nil
    }

    private func read(_ manager: Input, into listener: inout GatewayDocument.Listener) {
        manager.field("stat_prefix")?.note("metrics have other names in the gateway")
        if let codec = manager.field("codec_type") {
            _ = codec.value("AUTO or HTTP1, since the gateway speaks HTTP/1.1 alone") {
                ["AUTO", "HTTP1"].contains($0) ? $0 : nil
            }
        }
        listener.idle = manager.field("common_http_protocol_options")?.field("idle_timeout")?.duration
        if let remote = manager.field("use_remote_address"), remote.flag == false {
            remote.gap("the gateway appends the client's address to x-forwarded-for always")
        }
        let filters = filters(manager, &listener)
        guard let table = manager.field("route_config") else { return }
        table.field("name")?.settle()
        for host in table.field("virtual_hosts")?.items ?? [] {
            listener.routes += VirtualHostReader(input: host, clusters: clusters, filters: filters).read()
        }
    }

    /// The names of the plugins in the order of the requests.
    private func filters(_ manager: Input, _ listener: inout GatewayDocument.Listener) -> [String] {
        var names: [String] = []
        for filter in manager.field("http_filters")?.items ?? [] {
            guard let any = filter.field("typed_config"), let message = Message(any) else {
                filter.gap("expected typed_config")
                continue
            }
            switch message.type {
            case Self.router:
                filter.field("name")?.settle()
                message.fields.field("suppress_envoy_headers")?.note("the gateway adds no x-envoy- fields")
            case PluginReader.filter:
                if let disabled = filter.field("disabled"), disabled.flag == true {
                    filter.note("left out, since it is disabled")
                    continue
                }
                let name = filter.field("name")?.text
                guard let config = message.fields.field("config"),
                    let plugin = PluginReader(input: config).read()
                else {
                    filter.gap("left out: requests go on without this filter")
                    continue
                }
                names.append(plugins.add(plugin, from: config, called: name ?? "filter"))
            case DynamicMetadataReader.filter where names.isEmpty:
                filter.field("name")?.settle()
                DynamicMetadataReader(input: message.fields).read(into: &listener.dynamicMetadata)
            default:
                filter.gap("left out: the gateway has no filter of the type \(message.type)")
            }
        }
        return names
    }
}
