import AirlockProxyWasm

extension RouteTable {
    /// Resolves the names in the routes of a listener.
    ///
    /// - Throws: ``GatewayError`` with every name that is not there.
    init(
        _ routes: [RouteConfiguration], of listener: ListenerConfiguration, upstreams: [String: UpstreamClient],
        filters: FilterSet
    ) throws(GatewayError) {
        var reasons: [String] = []
        var resolved: [Route] = []
        for route in routes {
            do {
                let action = try Self.action(route.action, upstreams: upstreams, filters: filters)
                let attributes = StreamAttributes(route, of: listener)
                resolved.append(Route(match: route.match, action: action, attributes: attributes))
            } catch {
                reasons += error.reasons.map { "route \(route.match): \($0)" }
            }
        }
        guard reasons.isEmpty else { throw GatewayError(reasons: reasons) }
        self.init(routes: resolved, paths: listener.paths)
    }

    private static func action(
        _ action: RouteConfiguration.Action,
        upstreams: [String: UpstreamClient],
        filters: FilterSet
    ) throws(GatewayError) -> Route.Action {
        switch action {
        case .respond(let status, let body):
            return .respond(status: status, body: body)
        case .filteredRespond(let names, let status, let body):
            return .forward(try filters.chain(names), .reply(RouteAnswer(status: status, body: body)))
        case .forward(let names, let name):
            guard let upstream = upstreams[name] else { throw GatewayError(reasons: ["no upstream \"\(name)\""]) }
            return .forward(try filters.chain(names), .upstream(upstream))
        }
    }
}

extension StreamAttributes {
    /// What is the same for all requests of a route.
    init(_ route: RouteConfiguration, of listener: ListenerConfiguration) {
        let upstream: String? = if case .forward(_, let name) = route.action { name } else { nil }
        self.init(
            routeName: route.name ?? route.match.description,
            upstreamName: upstream,
            place: Place(
                listenerDirection: listener.direction,
                listenerMetadata: listener.metadata,
                virtualHostName: route.virtualHost,
                routeMetadata: route.metadata,
                dynamicMetadata: listener.dynamicMetadata
            )
        )
    }
}
