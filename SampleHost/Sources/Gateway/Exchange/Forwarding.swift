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
        let showsBody = chain.filters.contains(where: \.configuration.allowOnHeadersStopIteration)
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
            let changesLength = filters?.filtersRequestBody ?? false
            let body = requestBody(through: filters, changesLength: changesLength, shown, interruption)
            let answer = try await answer(of: destination, to: head, body: body)
            try await sendBack(
                answer, through: filters, changesLength: filters?.filtersResponseBody ?? false, showsBody: showsBody)
        } catch {
            try await conclude(after: interruption.error ?? error, destination)
        }
    }

    // MARK: Request

    private func requestHead(through filters: HTTPFilterStream?, showsBody: Bool) async throws
        -> (UpstreamHead, ShownBody?)
    {
        let map = HeaderMap(checked, headers: request.head.headers, client: request.peers.client)
        guard let filters else { return (try UpstreamHead(map), nil) }
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
        case .forward(let changed): return (try UpstreamHead(changed), shown)
        case .localReply(let reply): throw FilterReply(reply)
        }
    }

    /// Where the route leads to that takes the request as filters left it, which stays with the filters that it has.
    private func newDestination(for head: UpstreamHead) throws -> Destination {
        switch routes.route(for: head.target)?.action {
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

    private func answer(
        of destination: Destination, to head: UpstreamHead, body: HTTPClientRequest.Body?
    ) async throws -> HTTPClientResponse {
        switch destination {
        case .upstream(let upstream):
            if body != nil { try await response.sendContinue() }
            return try await upstream.send(
                method: head.method, target: head.target, headers: head.headers, body: body)
        case .reply(let answer):
            let body = ByteBuffer(string: answer.body)
            return HTTPClientResponse(
                status: HTTPResponseStatus(statusCode: answer.status),
                headers: answer.headers, body: .bytes(body))
        }
    }

    // MARK: Response

    private func sendBack(
        _ answer: HTTPClientResponse, through filters: HTTPFilterStream?, changesLength: Bool, showsBody: Bool
    ) async throws {
        let status = Int(answer.status.code)
        let length = answer.headers.first(name: "content-length").flatMap(Int.init)
        let hasBody = checked.method != "HEAD" && status != 204 && status != 304 && length != 0
        var map = HeaderMap(status: status, headers: answer.headers)
        var parts = answer.body.makeAsyncIterator()
        var shown: ShownBody?
        if let filters {
            let outcome: HeadersOutcome
            if showsBody, hasBody {
                outcome = try await filters.responseHeaders(map) {
                    let part = try await parts.next(isolation: #isolation)
                    shown = ShownBody(isWhole: part == nil)
                    return BodyPart(part)
                }
            } else {
                outcome = await filters.responseHeaders(map, endOfStream: !hasBody)
            }
            switch outcome {
            case .forward(let changed): map = changed
            case .localReply(let reply): throw FilterReply(reply)
            }
        }
        try await response.begin(
            status: map[":status"].flatMap(Int.init) ?? status,
            headers: HTTPHeaders(map),
            length: changesLength && length != 0 ? nil : length
        )
        let passing = changesLength || shown != nil ? filters : nil
        // What passed the filters already comes with no more bytes.
        if let shown { try await send(ByteBuffer(), endOfStream: shown.isWhole, through: passing) }
        if shown?.isWhole != true {
            while let part = try await parts.next(isolation: #isolation) {
                try await send(part, endOfStream: false, through: passing)
            }
            try Task.checkCancellation()
            if hasBody { try await send(ByteBuffer(), endOfStream: true, through: passing) }
        }
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
    private func conclude(after error: any Error, _ destination: Destination) async throws {
        guard !response.hasBegun else { throw error }
        switch error {
        case let error as FilterReply:
            try await send(error.reply)
        case let refusal as Refusal:
            try await response.send(refusal)
        case RequestBodyError.tooLarge:
            try await response.send(Refusal(.payloadTooLarge, "the body is larger than the gateway takes"))
        case RequestBodyError.malformed:
            try await response.send(Refusal(.badRequest, "the body is not well formed"))
        case RequestBodyError.clientGone, is CancellationError:
            throw error
        default:
            try Task.checkCancellation()
            guard case .upstream(let upstream) = destination else { throw error }
            metrics.upstreamFailed(upstream.name)
            try await response.send(UpstreamFailure.refusal(for: error, upstream: upstream.name))
        }
    }

    private func send(_ reply: LocalReply) async throws {
        guard !reply.resetsStream else { throw FilterReply(reply) }
        try await response.send(
            status: Int(reply.status), headers: HTTPHeaders(reply.headers), body: ByteBuffer(bytes: reply.body)
        )
    }

    private func attributes(of route: Route) -> StreamAttributes {
        var attributes = route.attributes
        attributes.source = StreamAttributes.Endpoint(request.peers.client)
        attributes.destination = StreamAttributes.Endpoint(request.peers.server)
        attributes.httpProtocol = request.head.version == .http1_0 ? "HTTP/1.0" : "HTTP/1.1"
        attributes.requestID = request.head.headers.first(name: "x-request-id")
        attributes.requestTime = Int64(WallClock.nanoseconds)
        attributes.connectionID = request.peers.connectionID
        return attributes
    }
}

extension StreamAttributes.Endpoint {
    /// `nil` for what is not an IP address.
    init?(_ address: SocketAddress?) {
        guard let ip = address?.ipAddress, let port = address?.port else { return nil }
        self.init(address: ip, port: port)
    }
}

extension BodyPart {
    /// A part, or the end where there is none.
    fileprivate init(_ part: ByteBuffer?) {
        self.init(part.map { Array($0.readableBytesView) } ?? [], endOfStream: part == nil)
    }
}
