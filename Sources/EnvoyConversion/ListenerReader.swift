/// Reads a listener (`envoy.config.listener.v3.Listener`) with an http_connection_manager or a tcp_proxy.
struct ListenerReader {
    static let manager = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    static let router = "envoy.extensions.filters.http.router.v3.Router"
    /// Filters that refuse no request: what goes on without them is answered otherwise, and nothing gets through that did not before.
    private static let refusingNothing: Set<String> = Set(
        [
            "cache.v3.CacheConfig", "compressor.v3.Compressor", "cors.v3.Cors", "fault.v3.HTTPFault",
            "grpc_stats.v3.FilterConfig", "stateful_session.v3.StatefulSession", "tap.v3.Tap",
        ].map { "envoy.extensions.filters.http.\($0)" })

    let input: Input
    /// The names of the clusters that are upstreams.
    let clusters: Set<String>
    let plugins: PluginCollector
    let allowsGaps: Bool

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
        chain.leaveOut("transport_socket_connect_timeout")
        input.leaveOut(
            "access_log", "stat_prefix", "additional_addresses", "per_connection_buffer_limit_bytes",
            "tcp_backlog_size",
            "tcp_fast_open_queue_length", "enable_mptcp", "enable_reuse_port", "reuse_port", "freebind",
            "connection_balance_config", "max_connections_to_accept_per_socket_event", "ignore_global_conn_limit",
            "listener_filters_timeout", "continue_on_listener_filters_timeout", "drain_type")
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
        var listener = GatewayDocument.Listener(place: input.path, address: address.description)
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
            let isKnown = ["AUTO", "HTTP1"].contains(codec.text)
            if !isKnown { codec.gap("expected AUTO or HTTP1, since the gateway speaks HTTP/1.1 alone", .differs) }
        }
        let options = manager.field("common_http_protocol_options")
        listener.idle = options?.field("idle_timeout")?.duration
        options?.leaveOut("max_connection_duration", "max_stream_duration", "max_requests_per_connection")
        if let remote = manager.field("use_remote_address"), remote.flag == false {
            remote.gap("the gateway appends the client's address to x-forwarded-for always", .differs)
        }
        listener.paths = paths(manager)
        leaveOut(manager)
        let filters = filters(manager, &listener)
        guard let table = manager.field("route_config") else { return }
        table.field("name")?.settle()
        table.leaveOut("validate_clusters", "max_direct_response_body_size_bytes", "ignore_port_in_host_matching")
        for host in table.field("virtual_hosts")?.items ?? [] {
            let reader = VirtualHostReader(input: host, clusters: clusters, filters: filters, allowsGaps: allowsGaps)
            listener.routes += reader.read()
        }
    }

    /// What is made of paths before routes and filters see them.
    private func paths(_ manager: Input) -> GatewayDocument.Paths {
        var paths = GatewayDocument.Paths()
        if let normalizes = manager.field("normalize_path")?.flag, normalizes {
            paths.isNormalized = true
            manager.field("normalize_path")?.note("paths with . or .. segments are refused, not resolved")
        }
        paths.mergesSlashes = manager.field("merge_slashes")?.flag ?? false
        if let field = manager.field("path_with_escaped_slashes_action") {
            switch field.text {
            case "KEEP_UNCHANGED", "IMPLEMENTATION_SPECIFIC_DEFAULT": break
            case "REJECT_REQUEST": paths.refusesEscapedSlashes = true
            case "UNESCAPE_AND_REDIRECT", "UNESCAPE_AND_FORWARD":
                paths.refusesEscapedSlashes = true
                field.gap("paths with encoded slashes are refused", .differs)
            default: field.gap("expected what is to be done with encoded slashes")
            }
        }
        return paths
    }

    private func leaveOut(_ manager: Input) {
        manager.leaveOut(
            "access_log", "access_log_options", "access_log_flush_interval", "flush_access_log_on_new_request",
            "tracing",
            "server_name", "server_header_transformation", "via", "add_user_agent", "proxy_100_continue",
            "generate_request_id", "preserve_external_request_id", "always_set_request_id_in_response",
            "request_id_extension", "stream_idle_timeout", "request_timeout", "request_headers_timeout",
            "drain_timeout",
            "delayed_close_timeout", "stream_error_on_invalid_http_message", "http2_protocol_options",
            "http3_protocol_options", "append_x_forwarded_port", "proxy_status_config")
        manager.field("http_protocol_options")?.leaveOut(
            "accept_http_10", "default_host_for_http_10", "header_key_format", "enable_trailers")
    }

    /// The names of the plugins in the order of the requests.
    private func filters(_ manager: Input, _ listener: inout GatewayDocument.Listener) -> [String] {
        var names: [String] = []
        for filter in manager.field("http_filters")?.items ?? [] {
            if let disabled = filter.field("disabled"), disabled.flag == true {
                filter.note("left out, since it is disabled")
                continue
            }
            filter.leaveOut("is_optional")
            guard let any = filter.field("typed_config"), let message = Message(any) else {
                filter.gap("expected typed_config")
                continue
            }
            switch message.type {
            case Self.router:
                filter.field("name")?.settle()
                message.fields.field("suppress_envoy_headers")?.note("the gateway adds no x-envoy- fields")
                message.fields.leaveOut(
                    "dynamic_stats", "start_child_span", "upstream_log", "upstream_log_options",
                    "suppress_grpc_request_failure_code_stats", "respect_expected_rq_timeout")
            case PluginReader.filter:
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
                filter.gap(
                    "left out: the gateway has no filter of the type \(message.type)",
                    Self.refusingNothing.contains(message.type) ? .differs : .opens)
            }
        }
        return names
    }
}
