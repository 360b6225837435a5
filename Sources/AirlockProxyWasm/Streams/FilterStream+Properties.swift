/// The properties of a stream under their names in Envoy ("Attributes"); what is not known is nil.
extension FilterStream {
    func property(_ path: PropertyPath) -> [UInt8]? {
        if let value = attributes.properties[path.dotted] { return value }
        let segments = path.segments
        switch (segments.first, segments.count) {
        case ("request", _), ("response", _): return http?.messageProperty(segments) ?? commonProperty(path)
        case ("connection", 2): return connectionProperty(segments[1])
        case ("upstream", 2): return upstreamProperty(segments[1])
        case ("source", 2): return property(segments[1], of: attributes.source)
        case ("destination", 2): return property(segments[1], of: attributes.destination)
        case ("filter_state", 2): return filterStateProperty(segments[1])
        case ("connection_id", 1): return connectionProperty("id")
        case ("metadata", _): return attributes.placeBox.place.dynamicMetadata.property(segments.dropFirst())
        case ("xds", _): return placeProperty(segments.dropFirst())
        default: return placeProperty(segments[...])
        }
    }

    /// What Envoy tells of connections, too, under the names for requests.
    private func commonProperty(_ path: PropertyPath) -> [UInt8]? {
        switch path.dotted {
        case "request.time": PropertyValue.integer(attributes.requestTime)
        case "request.size", "request.total_size": PropertyValue.integer(flows.fromClient.bodyBytes)
        case "response.size": (tcp?.sentBytes).map(PropertyValue.integer)
        case "response.flags": PropertyValue.integer(0)
        default: nil
        }
    }

    /// What `proxy_set_property` set is there as well, under the key that Envoy gives it.
    private func filterStateProperty(_ key: String) -> [UInt8]? {
        if let value = filterState[Array(key.utf8)] { return value }
        return key.hasPrefix("wasm.") ? properties[Array(key.utf8.dropFirst(5))] : nil
    }

    private func connectionProperty(_ name: String) -> [UInt8]? {
        switch name {
        case "id": PropertyValue.integer(attributes.connectionID)
        case "mtls": PropertyValue.truth(attributes.isMutualTLS)
        case "requested_server_name": PropertyValue.text(attributes.requestedServerName)
        case "tls_version": attributes.tlsVersion.map(PropertyValue.text)
        default: nil
        }
    }

    private func upstreamProperty(_ name: String) -> [UInt8]? {
        switch name {
        case "address": upstream?.remote.map { PropertyValue.text($0.description) }
        case "port": upstream?.remote.map { PropertyValue.integer($0.port) }
        case "local_address": upstream?.local.map { PropertyValue.text($0.description) }
        case "request_attempt_count": PropertyValue.integer(upstream == nil ? 0 : 1)
        case "transport_failure_reason": upstream.map { _ in [] }
        default: nil
        }
    }

    private func property(_ name: String, of endpoint: StreamAttributes.Endpoint?) -> [UInt8]? {
        switch name {
        case "address": endpoint.map { PropertyValue.text($0.description) }
        case "port": endpoint.map { PropertyValue.integer($0.port) }
        default: nil
        }
    }

    /// Envoy answers under `xds` today; older filters ask for the name alone.
    private func placeProperty(_ path: ArraySlice<String>) -> [UInt8]? {
        let place = attributes.placeBox.place
        let rest = path.dropFirst()
        switch (path.first, rest.isEmpty) {
        case ("route_name", true): return attributes.routeName.map(PropertyValue.text)
        case ("cluster_name", true): return attributes.upstreamName.map(PropertyValue.text)
        case ("virtual_host_name", true): return place.virtualHostName.map(PropertyValue.text)
        case ("filter_chain_name", true): return PropertyValue.text(place.filterChainName)
        case ("listener_direction", true): return PropertyValue.integer(place.listenerDirection.rawValue)
        case ("route_metadata", false): return place.routeMetadata.property(rest)
        case ("cluster_metadata", false): return place.clusterMetadata.property(rest)
        case ("virtual_host_metadata", false): return place.virtualHostMetadata.property(rest)
        case ("listener_metadata", false): return place.listenerMetadata.property(rest)
        default: return nil
        }
    }
}
