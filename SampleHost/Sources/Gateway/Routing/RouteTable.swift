import AirlockProxyWasm

/// A route whose upstream and filters are up.
struct Route: Sendable {
    enum Action: Sendable {
        case respond(status: Int, body: String)
        /// No chain when the route has no filters.
        case forward(RouteChain?, Destination)
    }

    let match: RouteMatch
    let action: Action
    /// What filters are told of a request beside what is the request's own.
    let attributes: StreamAttributes
}

/// Where an answer comes from, behind the filters.
enum Destination: Sendable {
    case upstream(UpstreamClient)
    case reply(RouteAnswer)
}

/// The routes of a listener in the order of the configuration; the first that matches takes the request.
struct RouteTable: Sendable {
    let routes: [Route]
    /// What the paths have that are compared with those of the routes.
    let paths: PathForm

    func route(for target: String) -> Route? { routes.first { $0.match.matches(target) } }
}
