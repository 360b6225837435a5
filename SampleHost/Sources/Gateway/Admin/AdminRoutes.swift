import Foundation
import Hummingbird

/// What operators can ask: `/healthz`, `/readyz`, `/metrics`, `/plugins`.
struct AdminRoutes: Sendable {
    let readiness: Readiness
    let metrics: PrometheusMetrics
    let plugins: @Sendable () async -> [PluginStatus]

    func router() -> Router<BasicRequestContext> {
        let router = Router()
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
        router.get("/plugins") { _, _ in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let json = try encoder.encode(await plugins())
            return Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: json + [0x0A]))
            )
        }
        return router
    }
}
