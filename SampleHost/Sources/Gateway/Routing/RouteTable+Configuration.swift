extension RouteTable {
    /// Resolves the names in the routes.
    ///
    /// - Throws: ``GatewayError`` with every name that is not there.
    init(_ configuration: GatewayConfiguration, upstreams: [String: UpstreamClient]) throws(GatewayError) {
        var reasons: [String] = []
        var routes: [Route] = []
        for route in configuration.routes {
            switch route.action {
            case .respond(let status, let body):
                routes.append(Route(prefix: route.prefix, action: .respond(status: status, body: body)))
            case .forward(_, let name):
                guard let upstream = upstreams[name] else {
                    reasons.append("route \(route.prefix): no upstream \"\(name)\"")
                    continue
                }
                routes.append(Route(prefix: route.prefix, action: .forward(nil, upstream)))
            }
        }
        guard reasons.isEmpty else { throw GatewayError(reasons: reasons) }
        self.init(routes: routes)
    }
}
