import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Answers requests: checks, finds the route, and forwards through filters to the upstream and back.
struct Exchange: Sendable {
    let routes: RouteTable
    let bodyLimit: Int
    let canaryKey: CanaryKey
    let metrics: GatewayMetrics
    let reporting: @Sendable (RequestReport) -> Void

    /// Answers one request.
    ///
    /// - Throws: when the connection cannot go on: the client went away, or the response broke off after its head was sent.
    func answer(_ request: InboundRequest, with response: ClientResponse) async throws {
        let timing = metrics.requestBegins()
        defer { metrics.requestEnds(timing, status: response.status) }
        do {
            let checked = try request.checked(bodyLimit: bodyLimit, paths: routes.paths)
            guard let route = routes.route(for: checked.target) else {
                throw Refusal(.notFound, "no route takes this path")
            }
            switch route.action {
            case .respond(let status, let body):
                try await response.send(RouteAnswer(status: status, body: body))
            case .forward(let chain, let destination):
                let forwarding = Forwarding(
                    request: request, checked: checked, response: response, destination: destination, routes: routes,
                    canaryKey: canaryKey, metrics: metrics, reporting: reporting
                )
                try await forwarding.run(through: chain?.current, route: route)
            }
        } catch let refusal as Refusal where !response.hasBegun {
            try await response.send(refusal)
        }
    }
}
