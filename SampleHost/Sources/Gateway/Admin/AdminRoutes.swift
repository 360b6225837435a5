import Airlock
import Hummingbird

/// What operators can ask: `/healthz`, `/readyz`, `/metrics`, `/plugins`, `/events`, and what ``ReleaseRoutes`` adds.
struct AdminRoutes: Sendable {
    let token: AdminToken?
    let readiness: Readiness
    let metrics: PrometheusMetrics
    let filters: FilterSet

    func router() -> Router<AdminContext> {
        let router = Router(context: AdminContext.self)
        router.add(middleware: AdminGuard(token: token))
        router.get("/healthz") { _, _ in "ok\n" }
        router.get("/readyz") { _, _ in
            let isReady = readiness.isReady
            return EditedResponse(
                status: isReady ? .ok : .serviceUnavailable, response: isReady ? "ready\n" : "not ready\n")
        }
        router.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text()))
            )
        }
        router.get("/plugins") { _, _ in try AdminJSON.response(await filters.statuses()) }
        let feed = EventFeed { [host = filters.host] in host.events() }
        router.get("/events") { _, context in try feed.response(on: context.channel) }
        ReleaseRoutes(filters: filters).add(to: router)
        return router
    }
}
