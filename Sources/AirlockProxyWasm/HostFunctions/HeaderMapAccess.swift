/// Which header maps the active context may read and change.
extension VMState {
    /// The map to read; nil where the stream does not have it (yet).
    func map(_ type: MapType) -> HeaderMap? {
        switch type {
        case .httpCallResponseHeaders: return active?.root?.callOuts.response?.headers
        case .httpCallResponseTrailers: return active?.root?.callOuts.response?.trailers
        case .grpcCallInitialMetadata: return active?.root?.grpcCallOuts.initialMetadata
        case .grpcCallTrailingMetadata: return active?.root?.grpcCallOuts.trailingMetadata
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
        let flow: MessageFlow
        switch type {
        case .requestHeaders, .requestTrailers: flow = stream.request
        case .responseHeaders, .responseTrailers: flow = stream.response
        default: throw .status(.badArgument)
        }
        let isTrailers = type == .requestTrailers || type == .responseTrailers
        guard (isTrailers ? flow.trailersEditor : flow.headersEditor) === context else { throw .status(.badArgument) }
        let rules = HeaderRules(limits, growing: isTrailers ? flow.trailersSize : flow.headersSize)
        if isTrailers {
            try change(&flow.trailers) { (map) throws(Refusal) in try body(&map, type, rules) }
        } else {
            try change(&flow.headers) { (map) throws(Refusal) in try body(&map, type, rules) }
            if type == .requestHeaders, context.filter.configuration.headersChooseRoute, mayClearRouteCache {
                stream.choosesRouteAnew.isSet = true
            }
        }
    }

    private func change(
        _ map: inout HeaderMap?, _ body: (inout HeaderMap) throws(Refusal) -> Void
    ) throws(Refusal) {
        guard var changed = map else { throw .status(.badArgument) }
        // Taken out meanwhile, so that the change does not copy it.
        map = nil
        defer { map = changed }
        try body(&changed)
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
        if isSingle(name) { return try replace(name, value, in: &map, type) }
        // A field without a name is passed over: it could not be sent.
        if name.isEmpty { return }
        guard allows(name: name, value: value, in: type), hasRoom(in: map, name: name.count, value: value.count)
        else { throw .status(.badArgument) }
        map.append(name: name, value: value)
    }

    func replace(_ name: [UInt8], _ value: [UInt8], in map: inout HeaderMap, _ type: MapType) throws(Refusal) {
        if name.isEmpty { return }
        let value = self.value(value, of: name)
        let old = map.firstValue(of: name)
        guard allows(name: name, value: value, in: type),
            map.byteCount - (old.map { name.count + $0.count } ?? 0) + name.count + value.count <= maximumBytes,
            old != nil || map.count < maximumFields
        else { throw .status(.badArgument) }
        map.replace(name: name, value: value)
    }
}
