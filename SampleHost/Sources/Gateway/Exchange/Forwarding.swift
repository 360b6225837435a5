import AirlockProxyWasm
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// One request on its way through the filters to an upstream, and the response on its way back.
struct Forwarding {
    let request: InboundRequest
    let checked: CheckedRequest
    let response: ClientResponse
    /// That of the route that the request came in on.
    let upstream: UpstreamClient
    let routes: RouteTable
    let canaryKey: CanaryKey
    let metrics: GatewayMetrics
    let reporting: @Sendable (RequestReport) -> Void

    /// - Throws: when the connection must end.
    func run(through chain: HTTPFilterChain?, route: Route) async throws {
        guard let chain else { return try await forward(through: nil) }
        let stream = await chain.openStream(attributes(of: route), routedBy: canaryKey.key(of: request))
        do {
            try await forward(through: stream)
        } catch {
            stream.cancel()
            await end(stream)
            throw error
        }
        await end(stream)
    }

    private func end(_ stream: HTTPFilterStream) async {
        let report = await stream.finish()
        metrics.streamEnds(report)
        let requestID = request.head.headers.first(name: "x-request-id")
        reporting(RequestReport(requestID: requestID, status: response.status, filters: report))
    }

    private func forward(through filters: HTTPFilterStream?) async throws {
        let interruption = Upload.Interruption()
        var upstream = upstream
        do {
            let head = try await requestHead(through: filters)
            if filters?.choosesRouteAnew == true { upstream = try newUpstream(for: head) }
            let body = requestBody(through: filters, changesLength: filters?.filtersRequestBody ?? false, interruption)
            if body != nil { try await response.sendContinue() }
            let answer = try await upstream.send(
                method: head.method, target: head.target, headers: head.headers, body: body
            )
            try await sendBack(answer, through: filters, changesLength: filters?.filtersResponseBody ?? false)
        } catch {
            try await conclude(after: interruption.error ?? error, upstream.name)
        }
    }

    // MARK: Request

    private func requestHead(through filters: HTTPFilterStream?) async throws -> UpstreamHead {
        var map = HeaderMap(checked, headers: request.head.headers, client: request.peers.client)
        if let filters {
            switch await filters.requestHeaders(map, endOfStream: checked.framing == .none) {
            case .forward(let changed): map = changed
            case .localReply(let reply): throw FilterReply(reply)
            }
        }
        return try UpstreamHead(map)
    }

    /// The upstream of the route for the request as filters left it, which stays with the filters that it has.
    private func newUpstream(for head: UpstreamHead) throws -> UpstreamClient {
        switch routes.route(for: head.target)?.action {
        case .forward(_, let upstream): return upstream
        case .respond(let status, let body): throw RouteAnswer(status: status, body: body)
        case nil: throw Refusal(.notFound, "no route takes the path that a filter left")
        }
    }

    private func requestBody(
        through filters: HTTPFilterStream?,
        changesLength: Bool,
        _ interruption: Upload.Interruption
    ) -> HTTPClientRequest.Body? {
        let upload = Upload(body: request.body, filters: changesLength ? filters : nil, interruption: interruption)
        switch checked.framing {
        case .none: return nil
        case .length(let length) where !changesLength: return .stream(upload, length: .known(Int64(length)))
        case .length, .chunked: return .stream(upload, length: .unknown)
        }
    }

    // MARK: Response

    private func sendBack(_ answer: HTTPClientResponse, through filters: HTTPFilterStream?, changesLength: Bool)
        async throws
    {
        let status = Int(answer.status.code)
        let length = answer.headers.first(name: "content-length").flatMap(Int.init)
        let hasBody = checked.method != "HEAD" && status != 204 && status != 304 && length != 0
        var map = HeaderMap(status: status, headers: answer.headers)
        if let filters {
            switch await filters.responseHeaders(map, endOfStream: !hasBody) {
            case .forward(let changed): map = changed
            case .localReply(let reply): throw FilterReply(reply)
            }
        }
        try await response.begin(
            status: map[":status"].flatMap(Int.init) ?? status,
            headers: HTTPHeaders(map),
            length: changesLength && length != 0 ? nil : length
        )
        for try await part in answer.body {
            try await send(part, endOfStream: false, through: changesLength ? filters : nil)
        }
        try Task.checkCancellation()
        if hasBody { try await send(ByteBuffer(), endOfStream: true, through: changesLength ? filters : nil) }
        try await response.end()
    }

    private func send(_ part: ByteBuffer, endOfStream: Bool, through filters: HTTPFilterStream?) async throws {
        guard let filters else { return try await response.write(part) }
        switch await filters.responseBody(Array(part.readableBytesView), endOfStream: endOfStream) {
        case .forward(let bytes): try await response.write(ByteBuffer(bytes: bytes))
        case .localReply(let reply): throw FilterReply(reply)
        }
    }

    // MARK: Other endings

    /// Answers in place of the upstream where that is still possible.
    private func conclude(after error: any Error, _ upstream: String) async throws {
        guard !response.hasBegun else { throw error }
        switch error {
        case let error as FilterReply:
            try await send(error.reply)
        case let refusal as Refusal:
            try await response.send(refusal)
        case let answer as RouteAnswer:
            try await response.send(answer)
        case RequestBodyError.tooLarge:
            try await response.send(Refusal(.payloadTooLarge, "the body is larger than the gateway takes"))
        case RequestBodyError.malformed:
            try await response.send(Refusal(.badRequest, "the body is not well formed"))
        case RequestBodyError.clientGone, is CancellationError:
            throw error
        default:
            try Task.checkCancellation()
            metrics.upstreamFailed(upstream)
            try await response.send(UpstreamFailure.refusal(for: error, upstream: upstream))
        }
    }

    private func send(_ reply: LocalReply) async throws {
        guard !reply.resetsStream else { throw FilterReply(reply) }
        try await response.send(
            status: Int(reply.status), headers: HTTPHeaders(reply.headers), body: ByteBuffer(bytes: reply.body)
        )
    }

    private func attributes(of route: Route) -> StreamAttributes {
        StreamAttributes(
            source: StreamAttributes.Endpoint(request.peers.client),
            destination: StreamAttributes.Endpoint(request.peers.server),
            httpProtocol: request.head.version == .http1_0 ? "HTTP/1.0" : "HTTP/1.1",
            requestID: request.head.headers.first(name: "x-request-id"),
            requestTime: Int64(WallClock.nanoseconds),
            connectionID: request.peers.connectionID,
            routeName: route.match.description,
            upstreamName: upstream.name
        )
    }
}

extension StreamAttributes.Endpoint {
    /// `nil` for what is not an IP address.
    init?(_ address: SocketAddress?) {
        guard let ip = address?.ipAddress, let port = address?.port else { return nil }
        self.init(address: ip, port: port)
    }
}
