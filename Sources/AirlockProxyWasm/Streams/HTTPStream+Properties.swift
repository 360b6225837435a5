/// The properties of a request and its response.
extension HTTPStream {
    /// - Parameter segments: begin with `request` or `response`.
    func messageProperty(_ segments: [String]) -> [UInt8]? {
        switch (segments[0], segments.count) {
        case ("request", 2): return requestProperty(segments[1])
        case ("request", 3) where segments[1] == "headers":
            return field(segments[2], of: request.headers, .requestHeaders)
        case ("response", 2): return responseProperty(segments[1])
        case ("response", 3) where segments[1] == "headers":
            return field(segments[2], of: response.headers, .responseHeaders)
        case ("response", 3) where segments[1] == "trailers":
            return field(segments[2], of: response.trailers, .responseTrailers)
        default: return nil
        }
    }

    private func requestProperty(_ name: String) -> [UInt8]? {
        switch name {
        case "path": pseudo(":path")
        case "url_path": pathParts.map { Array($0.path) }
        case "query": pathParts.map { Array($0.query) }
        case "host": pseudo(":authority")
        case "scheme": pseudo(":scheme") ?? PropertyValue.text(attributes.scheme)
        case "method": pseudo(":method")
        case "headers": request.headers.map(HeaderMapBytes.make)
        case "referer": value(of: "referer", in: request.headers)
        case "useragent": value(of: "user-agent", in: request.headers)
        case "id": value(of: "x-request-id", in: request.headers) ?? attributes.requestID.map(PropertyValue.text)
        case "protocol": PropertyValue.text(attributes.httpProtocol)
        case "size": PropertyValue.integer(announcedLength ?? request.bodyBytes)
        case "total_size": PropertyValue.integer(request.bodyBytes + (request.headers?.byteCount ?? 0))
        case "duration": duration.map(PropertyValue.duration)
        default: nil
        }
    }

    private func responseProperty(_ name: String) -> [UInt8]? {
        guard response.headers != nil || name == "flags" || name == "size" || name == "total_size" else { return nil }
        switch name {
        case "code": return response.headers?[":status"].flatMap { Int($0) }.map(PropertyValue.integer)
        case "headers": return response.headers.map(HeaderMapBytes.make)
        case "trailers": return response.trailers.map(HeaderMapBytes.make)
        case "code_details": return PropertyValue.text(replyDetails ?? upstream?.codeDetails ?? "via_upstream")
        case "flags": return PropertyValue.integer(0)
        case "grpc_status":
            let said = response.trailers?["grpc-status"] ?? response.headers?["grpc-status"]
            if let said = said.flatMap({ Int($0) }) { return PropertyValue.integer(said) }
            // At its end every stream has one in Envoy, whatever it is about.
            guard duration != nil, let status = response.headers?[":status"].flatMap({ UInt32($0) }) else { return nil }
            return PropertyValue.integer(LocalReply.grpcStatus(for: status))
        case "size": return PropertyValue.integer(response.bodyBytes)
        case "total_size": return PropertyValue.integer(response.bodyBytes + (response.headers?.byteCount ?? 0))
        default: return nil
        }
    }

    /// All values under a name, joined by commas, as in Envoy.
    private func field(_ name: String, of map: HeaderMap?, _ type: MapType) -> [UInt8]? {
        let values = map?.allValues(of: name.utf8, in: type) ?? []
        return values.isEmpty ? nil : Array(values.joined(separator: [UInt8(ascii: ",")]))
    }

    private func value(of name: String, in map: HeaderMap?) -> [UInt8]? {
        map?.firstValue(of: name.utf8).map(Array.init)
    }

    private func pseudo(_ name: String) -> [UInt8]? { value(of: name, in: request.headers) }

    /// What the request's headers say of its body's length.
    private var announcedLength: Int? {
        request.headers?["content-length"].flatMap { UInt32($0) }.map(Int.init)
    }

    private var pathParts: (path: ArraySlice<UInt8>, query: ArraySlice<UInt8>)? {
        guard let path = pseudo(":path") else { return nil }
        guard let mark = path.firstIndex(of: UInt8(ascii: "?")) else { return (path[...], []) }
        return (path[..<mark], path[(mark + 1)...])
    }
}
