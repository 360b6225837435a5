import AirlockProxyWasm

extension RouteTable {
    /// Resolves the names in the routes.
    ///
    /// - Throws: ``GatewayError`` with every name that is not there.
    init(_ configuration: GatewayConfiguration, upstreams: [String: UpstreamClient], filters: FilterSet)
        throws(GatewayError)
    {
        var reasons: [String] = []
        var routes: [Route] = []
        for route in configuration.routes {
            do {
                let action = try Self.action(route.action, upstreams: upstreams, filters: filters)
                routes.append(Route(match: route.match, action: action))
            } catch {
                reasons += error.reasons.map { "route \(route.match): \($0)" }
            }
        }
        guard reasons.isEmpty else { throw GatewayError(reasons: reasons) }
        self.init(routes: routes)
    }

    private static func action(
        _ action: RouteConfiguration.Action,
        upstreams: [String: UpstreamClient],
        filters: FilterSet
    ) throws(GatewayError) -> Route.Action {
        switch action {
        case .respond(let status, let body):
            return .respond(status: status, body: body)
        case .forward(let names, let name):
            guard let upstream = upstreams[name] else { throw GatewayError(reasons: ["no upstream \"\(name)\""]) }
            return .forward(try filters.chain(names), upstream)
        }
    }
}
