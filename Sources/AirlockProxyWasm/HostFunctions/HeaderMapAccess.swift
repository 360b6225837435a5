/// Which header maps the active context may read and change.
extension VMState {
    /// The map to read; nil where the stream does not have it (yet).
    func map(_ type: MapType) -> HeaderMap? {
        switch type {
        case .httpCallResponseHeaders: return active?.root?.callOuts.response?.headers
        case .httpCallResponseTrailers: return active?.root?.callOuts.response?.trailers
        default: break
        }
        guard let stream = active?.stream?.stream.http else { return nil }
        switch type {
        case .requestHeaders: return stream.request.headers
        case .requestTrailers: return stream.request.trailers
        case .responseHeaders: return stream.response.headers
        case .responseTrailers: return stream.response.trailers
        default: return nil
        }
    }

    /// Changes a map. A filter may change it from its own callback on and as long as it holds it back.
    func changeMap(
        _ rawType: UInt32,
        _ body: (inout HeaderMap, MapType, HeaderRules) throws(Refusal) -> Void
    ) throws(Refusal) {
        guard let type = MapType(rawValue: rawType), let context = active?.stream, let stream = context.stream.http
        else { throw .status(.badArgument) }
        switch type {
        case .requestHeaders: try change(&stream.request.headers, stream.request.headersEditor, context, type, body)
        case .requestTrailers: try change(&stream.request.trailers, stream.request.trailersEditor, context, type, body)
        case .responseHeaders: try change(&stream.response.headers, stream.response.headersEditor, context, type, body)
        case .responseTrailers:
            try change(&stream.response.trailers, stream.response.trailersEditor, context, type, body)
        default: throw .status(.badArgument)
        }
    }

    private func change(
        _ map: inout HeaderMap?,
        _ editor: StreamContext?,
        _ context: StreamContext,
        _ type: MapType,
        _ body: (inout HeaderMap, MapType, HeaderRules) throws(Refusal) -> Void
    ) throws(Refusal) {
        guard editor === context, var changed = map else { throw .status(.badArgument) }
        // Taken out meanwhile, so that the change does not copy it.
        map = nil
        defer { map = changed }
        try body(&changed, type, headerRules)
    }
}

extension MapType {
    init(_ rawType: UInt32) throws(Refusal) {
        guard let type = Self(rawValue: rawType) else { throw .status(.badArgument) }
        self = type
    }
}

extension HeaderRules {
    /// Makes a map of what a guest passed. Names and values that are not allowed refuse all of it.
    func map(_ pairs: [HeaderMapBytes.Pair], type: MapType) throws(Refusal) -> HeaderMap {
        var map = HeaderMap()
        for pair in pairs {
            try add(name(pair.name, in: type), pair.value, to: &map, type)
        }
        return map
    }

    func add(_ name: [UInt8], _ value: [UInt8], to map: inout HeaderMap, _ type: MapType) throws(Refusal) {
        guard allows(name: name, value: value, in: type), hasRoom(in: map, name: name.count, value: value.count),
            mayRepeat(name) || map.firstIndex(of: name) == nil
        else { throw .status(.badArgument) }
        map.append(name: name, value: value)
    }

    func replace(_ name: [UInt8], _ value: [UInt8], in map: inout HeaderMap, _ type: MapType) throws(Refusal) {
        let old = map.firstValue(of: name)
        guard allows(name: name, value: value, in: type),
            map.byteCount - (old.map { name.count + $0.count } ?? 0) + name.count + value.count <= maximumBytes,
            old != nil || map.count < maximumFields
        else { throw .status(.badArgument) }
        map.replace(name: name, value: value)
    }
}
