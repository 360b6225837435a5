/// A Proxy-Wasm filter of a listener's connections (`envoy.extensions.filters.network.wasm.v3.Wasm`).
struct ConnectionFilter {
    let input: Input
    let message: Message
}

/// Reads where a listener's connections go (`envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`).
struct TCPProxyReader {
    static let proxy = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"

    let input: Input
    /// Those before it, in the order of the chain.
    let filters: [ConnectionFilter]
    /// The names of the clusters that are upstreams.
    let clusters: Set<String>
    let plugins: PluginCollector

    /// Nil, with a gap, where the gateway could not forward them.
    func read() -> GatewayDocument.Connections? {
        input.field("stat_prefix")?.note("metrics have other names in the gateway")
        input.leaveOut(
            "access_log", "access_log_options", "access_log_flush_interval", "flush_access_log_on_connected",
            "hash_policy", "max_connect_attempts", "max_downstream_connection_duration")
        guard let cluster = input.field("cluster"), let name = cluster.text else {
            input.gap("the listener is left out: expected cluster")
            return nil
        }
        guard clusters.contains(name) else {
            cluster.gap("the listener is left out: no upstream \"\(name)\"")
            return nil
        }
        let idle = input.field("idle_timeout")?.duration
        return GatewayDocument.Connections(filters: filters.compactMap(plugin), upstream: name, idle: idle)
    }

    private func plugin(_ filter: ConnectionFilter) -> String? {
        let name = filter.input.field("name")?.text
        guard let config = filter.message.fields.field("config"), let plugin = PluginReader(input: config).read() else {
            filter.input.gap("left out: connections go on without this filter")
            return nil
        }
        return plugins.add(plugin, from: config, called: name ?? "filter")
    }
}
