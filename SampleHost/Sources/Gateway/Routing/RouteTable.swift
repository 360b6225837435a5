/// A route whose upstream and filters are up.
struct Route: Sendable {
    enum Action: Sendable {
        case respond(status: Int, body: String)
        /// No chain when the route has no filters.
        case forward(RouteChain?, UpstreamClient)
    }

    let match: RouteMatch
    let action: Action
}

/// The routes in the order of the configuration; the first that matches takes the request.
struct RouteTable: Sendable {
    let routes: [Route]

    func route(for target: String) -> Route? { routes.first { $0.match.matches(target) } }
}
