import AirlockProxyWasm
import AsyncHTTPClient
import Gateway
import NIOCore
import NIOHTTP1
import Synchronization

/// Sends requests to the gateway.
struct Visitor: Sendable {
    let gateway: ListenAddress
    let reports: ReportBoard
    let client: HTTPClient

    private static let requests = Atomic<Int>(0)

    /// What came back, and what the host accounted.
    struct Reply: Sendable {
        let status: Int
        fileprivate let headers: HTTPHeaders
        let parts: [String]
        let report: RequestReport?

        var body: String { parts.joined() }

        /// The first value of a header field.
        func header(_ name: String) -> String? { headers.first(name: name) }

        /// What the first filter of the route used.
        var firstFilter: StreamReport.Filter? { report?.filters.filters.first }
    }

    /// Sends a request through the filters of a route and waits for the account too.
    func send(_ path: String, headers: [(String, String)] = []) async throws -> Reply {
        let id = "demo-\(Self.requests.add(1, ordering: .relaxed).newValue)"
        reports.expect(id)
        let reply = try await sendQuickly(path, headers: headers + [("x-request-id", id)])
        return Reply(status: reply.status, headers: reply.headers, parts: reply.parts, report: await reports.report(id))
    }

    /// Sends a request and does not ask for the account.
    func sendQuickly(_ path: String, headers: [(String, String)] = []) async throws -> Reply {
        var request = HTTPClientRequest(url: "http://\(gateway)\(path)")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        let response = try await client.execute(request, timeout: .seconds(30))
        var parts: [String] = []
        for try await part in response.body { parts.append(String(buffer: part)) }
        return Reply(status: Int(response.status.code), headers: response.headers, parts: parts, report: nil)
    }
}
