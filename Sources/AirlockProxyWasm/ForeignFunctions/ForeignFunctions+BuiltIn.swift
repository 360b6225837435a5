/// Functions that Envoy has.
extension ForeignFunctions {
    /// The objects of the filter state that Envoy's extensions act on ("Well Known Filter State Objects").
    public static let wellKnownFilterState: Set<String> = [
        "envoy.network.upstream_server_name", "envoy.network.application_protocols",
        "envoy.network.upstream_subject_alt_names", "envoy.network.ip", "envoy.tcp_proxy.cluster",
        "envoy.udp_proxy.cluster", "envoy.network.transport_socket.original_dst_address",
        "envoy.filters.listener.original_dst.local_ip", "envoy.filters.listener.original_dst.remote_ip",
        "envoy.upstream.dynamic_host", "envoy.upstream.dynamic_port", "envoy.tcp_proxy.disable_tunneling",
        "envoy.tcp_proxy.per_connection_idle_timeout_ms", "envoy.string", "envoy.hashable_string",
    ]

    /// The functions of Envoy that need nothing of the service: `clear_route_cache`, `declare_property`, `set_envoy_filter_state` and
    /// `verify_signature`.
    ///
    /// The arguments are messages as in Envoy (`source/extensions/common/wasm/ext`). A property that was declared lives as long as its
    /// stream, whatever life span was asked for.
    /// - Parameter filterState: the objects that `set_envoy_filter_state` sets. Nothing in this module acts on them: they are there for
    ///   the service and for filters to read.
    public static func builtIn(filterState: Set<String> = wellKnownFilterState) -> ForeignFunctions {
        var functions = ForeignFunctions()
        functions["clear_route_cache"] = { (call) throws(ForeignFunctionError) in
            call.clearRouteCache()
            return []
        }
        functions["declare_property"] = { (call) throws(ForeignFunctionError) in
            // DeclarePropertyArguments: name = 1, readonly = 2; type = 3, schema = 4 and span = 5 change nothing that filters see here.
            guard let fields = ProtobufFields(call.arguments), let name = fields.text(1) else { throw .badArgument }
            try call.declareProperty(Array(name.utf8), isReadOnly: fields.integer(2) != 0)
            return []
        }
        functions["set_envoy_filter_state"] = { (call) throws(ForeignFunctionError) in
            // SetEnvoyFilterStateArguments: path = 1, value = 2, span = 3.
            guard let fields = ProtobufFields(call.arguments), let path = fields.text(1), let value = fields.text(2)
            else { throw .badArgument }
            guard filterState.contains(path) else { throw .notFound }
            try call.setFilterState(path, to: Array(value.utf8))
            return []
        }
        functions["verify_signature"] = { (call) throws(ForeignFunctionError) in
            try SignatureCheck(call.arguments).result
        }
        return functions
    }
}
