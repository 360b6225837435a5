/// The properties of a stream under their names in Envoy ("Attributes"); what is not known is nil.
extension HTTPStream {
    func property(_ path: PropertyPath) -> [UInt8]? {
        if let value = attributes.properties[path.dotted] { return value }
        let segments = path.segments
        switch (segments.first, segments.count) {
        case ("request", 2): return requestProperty(segments[1])
        case ("request", 3) where segments[1] == "headers": return value(of: segments[2], in: request.headers)
        case ("response", 2): return responseProperty(segments[1])
        case ("response", 3) where segments[1] == "headers": return value(of: segments[2], in: response.headers)
        case ("response", 3) where segments[1] == "trailers": return value(of: segments[2], in: response.trailers)
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

    /// What `proxy_set_property` set is there as well, under the key that Envoy gives it.
    private func filterStateProperty(_ key: String) -> [UInt8]? {
        if let value = filterState[Array(key.utf8)] { return value }
        return key.hasPrefix("wasm.") ? properties[Array(key.utf8.dropFirst(5))] : nil
    }

    private func requestProperty(_ name: String) -> [UInt8]? {
        switch name {
        case "path": pseudo(":path")
        case "url_path": pathParts.map { Array($0.path) }
        case "query": pathParts.map { Array($0.query) }
        case "host": pseudo(":authority")
        case "scheme": pseudo(":scheme") ?? PropertyValue.text(attributes.scheme)
        case "method": pseudo(":method")
        case "referer": value(of: "referer", in: request.headers)
        case "useragent": value(of: "user-agent", in: request.headers)
        case "id": value(of: "x-request-id", in: request.headers) ?? attributes.requestID.map(PropertyValue.text)
        case "protocol": PropertyValue.text(attributes.httpProtocol)
        case "time": PropertyValue.integer(attributes.requestTime)
        case "size": PropertyValue.integer(request.bodyBytes)
        case "total_size": PropertyValue.integer(request.bodyBytes + (request.headers?.byteCount ?? 0))
        case "duration": duration.map(PropertyValue.duration)
        default: nil
        }
    }

    private func responseProperty(_ name: String) -> [UInt8]? {
        guard response.headers != nil || name == "flags" || name == "size" || name == "total_size" else { return nil }
        switch name {
        case "code": return response.headers?[":status"].flatMap { Int($0) }.map(PropertyValue.integer)
        case "code_details": return PropertyValue.text(replyDetails ?? upstream?.codeDetails ?? "via_upstream")
        case "flags": return PropertyValue.integer(0)
        case "grpc_status":
            let status = response.trailers?["grpc-status"] ?? response.headers?["grpc-status"]
            return status.flatMap { Int($0) }.map(PropertyValue.integer)
        case "size": return PropertyValue.integer(response.bodyBytes)
        case "total_size": return PropertyValue.integer(response.bodyBytes + (response.headers?.byteCount ?? 0))
        default: return nil
        }
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

    private func value(of name: String, in map: HeaderMap?) -> [UInt8]? {
        map?.firstValue(of: name.utf8).map(Array.init)
    }

    private func pseudo(_ name: String) -> [UInt8]? { value(of: name, in: request.headers) }

    private var pathParts: (path: ArraySlice<UInt8>, query: ArraySlice<UInt8>)? {
        guard let path = pseudo(":path") else { return nil }
        guard let mark = path.firstIndex(of: UInt8(ascii: "?")) else { return (path[...], []) }
        return (path[..<mark], path[(mark + 1)...])
    }
}
