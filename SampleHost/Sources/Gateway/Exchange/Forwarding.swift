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
    let destination: Destination
    let routes: RouteTable
    let canaryKey: CanaryKey
    let metrics: GatewayMetrics
    let reporting: @Sendable (RequestReport) -> Void

    /// - Throws: when the connection must end.
    func run(through chain: HTTPFilterChain?, route: Route) async throws {
        guard let chain else { return try await forward(through: nil, showsBody: false) }
        let showsBody = chain.showsBodyEarly
        let stream = await chain.openStream(attributes(of: route), routedBy: canaryKey.key(of: request))
        do {
            try await forward(through: stream, showsBody: showsBody)
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

    /// - Parameter showsBody: whether filters may see of a body while they hold its headers back.
    private func forward(through filters: HTTPFilterStream?, showsBody: Bool) async throws {
        let interruption = Upload.Interruption()
        var destination = destination
        do {
            let (head, shown) = try await requestHead(through: filters, showsBody: showsBody)
            if filters?.choosesRouteAnew == true { destination = try newDestination(for: head) }
            switch destination {
            case .reply(let answer):
                try await sendBack(answer, through: filters, showsBody: showsBody)
            case .upstream(let upstream):
                let head = try UpstreamHead(head)
                let changesLength = filters?.filtersRequestBody ?? false
                let body = requestBody(through: filters, changesLength: changesLength, shown, interruption)
                if body != nil { try await response.sendContinue() }
                let answer = try await orReply(of: filters) {
                    try await upstream.send(
                        method: head.method, target: head.target, headers: head.headers, body: body)
                }
                try await sendBack(answer, toHead: head.method == "HEAD", through: filters, showsBody: showsBody)
            }
        } catch {
            try await conclude(after: interruption.error ?? error, destination, filters, showsBody: showsBody)
        }
    }

    // MARK: Request

    private func requestHead(through filters: HTTPFilterStream?, showsBody: Bool) async throws
        -> (HeaderMap, ShownBody?)
    {
        let map = HeaderMap(checked, headers: request.head.headers, client: request.peers.client?.address)
        guard let filters else { return (map, nil) }
        var shown: ShownBody?
        let outcome: HeadersOutcome
        if showsBody, checked.framing != .none {
            var parts = request.body.makeAsyncIterator()
            outcome = try await filters.requestHeaders(map) {
                try await response.sendContinue()
                let part = try await parts.next(isolation: #isolation)
                shown = ShownBody(isWhole: part == nil)
                return BodyPart(part)
            }
        } else {
            outcome = await filters.requestHeaders(map, endOfStream: checked.framing == .none)
        }
        switch outcome {
        case .forward(let changed): return (changed, shown)
        case .localReply(let reply): throw FilterReply(reply)
        }
    }

    /// The upstream's answer, unless a filter answers of its own accord before.
    private func orReply(
        of filters: HTTPFilterStream?, _ send: @escaping @Sendable () async throws -> HTTPClientResponse
    ) async throws -> HTTPClientResponse {
        guard let filters, filters.mayReplyByItself else { return try await send() }
        return try await withThrowingTaskGroup(of: HTTPClientResponse?.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await send() }
            group.addTask {
                if let reply = await filters.replyByItself() { throw FilterReply(reply) }
                return nil
            }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            throw CancellationError()
        }
    }

    /// Where the route leads to that takes the request as filters left it, which stays with the filters that it has.
    private func newDestination(for head: HeaderMap) throws -> Destination {
        switch routes.route(for: try UpstreamHead.target(of: head))?.action {
        case .forward(_, let destination): return destination
        case .respond(let status, let body): return .reply(RouteAnswer(status: status, body: body))
        case nil: throw Refusal(.notFound, "no route takes the path that a filter left")
        }
    }

    private func requestBody(
        through filters: HTTPFilterStream?,
        changesLength: Bool,
        _ shown: ShownBody?,
        _ interruption: Upload.Interruption
    ) -> HTTPClientRequest.Body? {
        let upload = Upload(
            body: request.body, filters: changesLength || shown != nil ? filters : nil, shown: shown,
            interruption: interruption)
        switch checked.framing {
        case .none: return nil
        case .length(let length) where !changesLength: return .stream(upload, length: .known(Int64(length)))
        case .length, .chunked: return .stream(upload, length: .unknown)
        }
    }

    private func attributes(of route: Route) -> StreamAttributes {
        var attributes = route.attributes
        attributes.source = request.peers.client
        attributes.destination = request.peers.server
        attributes.httpProtocol = request.head.version == .http1_0 ? "HTTP/1.0" : "HTTP/1.1"
        attributes.requestID = request.head.headers.first(name: "x-request-id")
        attributes.requestTime = Int64(WallClock.nanoseconds)
        attributes.connectionID = request.peers.connectionID
        return attributes
    }
}

extension BodyPart {
    /// A part, or the end where there is none.
    init(_ part: ByteBuffer?) {
        self.init(part.map { Array($0.readableBytesView) } ?? [], endOfStream: part == nil)
    }
}
