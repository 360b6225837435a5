/// One request and its response on their way through a chain of filters.
///
/// Hand the parts of each message over in order, one at a time: headers, body, trailers. The two messages may
/// overlap. Each call hops to the stream's worker loop, and waits while a filter holds the message back. A cancelled
/// task ends the stream as ``cancel()`` does. End every stream with ``finish()``; one that is let go without is ended
/// without a report.
public final class HTTPFilterStream: Sendable {
    /// Whether a filter of this stream reads or changes the request's body, which may then get another length: drop
    /// `content-length`.
    public let filtersRequestBody: Bool
    /// Whether a filter of this stream reads or changes the response's body, which may then get another length: drop
    /// `content-length`.
    public let filtersResponseBody: Bool
    /// Whether a filter of this stream has callbacks that come without a call on the stream, such as ticks, in which it may answer the
    /// request: see ``replyByItself()``.
    public let mayReplyByItself: Bool
    private let handle: StreamHandle
    private let routeMark: RouteMark

    var loop: FilterLoop? { handle.loop }
    var id: UInt64 { handle.id }

    init(loop: FilterLoop?, _ opened: FilterLoop.OpenedStream) {
        handle = StreamHandle(loop: loop, id: opened.id)
        routeMark = opened.choosesRouteAnew
        filtersRequestBody = opened.filtersRequestBody
        filtersResponseBody = opened.filtersResponseBody
        mayReplyByItself = opened.mayReplyByItself
    }

    // MARK: The request

    /// Hands the request's headers to the filters; `endOfStream` says that there is no body.
    public func requestHeaders(_ headers: HeaderMap, endOfStream: Bool) async -> HeadersOutcome {
        await self.headers(.request, headers, endOfStream)
    }

    /// Hands a part of the request's body to the filters; `endOfStream` says that it is the last one. Only the last
    /// one waits for filters.
    public func requestBody(_ bytes: [UInt8], endOfStream: Bool) async -> BodyOutcome {
        await body(.request, bytes, endOfStream)
    }

    /// Hands the request's trailers to the filters; they end the request.
    public func requestTrailers(_ trailers: HeaderMap) async -> TrailersOutcome {
        await self.trailers(.request, trailers)
    }

    /// Whether a filter asked for the route to be chosen anew, for the request as filters leave it (the foreign function
    /// `clear_route_cache`). Look at it when the request's headers have left the filters: a server that chose a route before keeps the
    /// stream's filters, and takes what else the new route says.
    public var choosesRouteAnew: Bool { routeMark.isSet }

    /// Waits for a local reply that a filter sends of its own accord, from a tick or on the answer to a call, while the server waits for the
    /// upstream and has nothing of the stream in the filters. One task at a time waits; leave off by cancelling it.
    /// - Returns: The reply; nil when the stream ends without one, or the task is cancelled, which does not end the stream here.
    public func replyByItself() async -> LocalReply? {
        guard let loop, mayReplyByItself else { return nil }
        return await loop.waitForReply(id)
    }

    /// What a filter set with the foreign function `set_envoy_filter_state`; nil where none set that.
    public func filterState(_ key: String) async -> [UInt8]? { await handle.filterState(key) }

    // MARK: The response

    /// Tells filters about the upstream, before the response's headers.
    public func setUpstream(_ upstream: UpstreamAttributes) async { await handle.setUpstream(upstream) }

    /// Hands the response's headers to the filters; `endOfStream` says that there is no body.
    public func responseHeaders(_ headers: HeaderMap, endOfStream: Bool) async -> HeadersOutcome {
        await self.headers(.response, headers, endOfStream)
    }

    /// Hands a part of the response's body to the filters; `endOfStream` says that it is the last one. Only the last
    /// one waits for filters.
    public func responseBody(_ bytes: [UInt8], endOfStream: Bool) async -> BodyOutcome {
        await body(.response, bytes, endOfStream)
    }

    /// Hands the response's trailers to the filters; they end the response.
    public func responseTrailers(_ trailers: HeaderMap) async -> TrailersOutcome {
        await self.trailers(.response, trailers)
    }

    // MARK: The end

    /// Ends the stream, whatever its state: each filter's `proxy_on_log`, then `proxy_on_done` and `proxy_on_delete`.
    /// - Returns: What the filters used; an empty report when the stream was ended before.
    @discardableResult
    public func finish() async -> StreamReport { await handle.finish(by: .local) }

    /// Tells the filters' host that the client went away: calls that wait for a filter return at once, with a reply
    /// that resets the stream. Call ``finish()`` all the same.
    public func cancel() { handle.submit { $0.cancel($1) } }

    // MARK: Hops

    private func headers(_ direction: Direction, _ headers: HeaderMap, _ endOfStream: Bool) async -> HeadersOutcome {
        guard let loop else { return .forward(headers) }
        let id = id
        if let outcome = await loop.run({ $0.headers(id, direction, headers, endOfStream: endOfStream) }) {
            return outcome
        }
        return await loop.waitForHeaders(id, direction) ?? .localReply(.streamClosed)
    }

    private func body(_ direction: Direction, _ bytes: [UInt8], _ endOfStream: Bool) async -> BodyOutcome {
        guard let loop else { return .forward(bytes) }
        let id = id
        if let outcome = await loop.run({ $0.body(id, direction, bytes, endOfStream: endOfStream) }) { return outcome }
        return await loop.waitForBody(id, direction, isLast: endOfStream)
    }

    private func trailers(_ direction: Direction, _ trailers: HeaderMap) async -> TrailersOutcome {
        guard let loop else { return .forward(body: [], trailers: trailers) }
        let id = id
        if let outcome = await loop.run({ $0.trailers(id, direction, trailers) }) { return outcome }
        return await loop.waitForTrailers(id, direction)
    }
}
