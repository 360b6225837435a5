/// One request and its response on their way through the filters of a chain.
final class HTTPStream: FilterStream {
    let request = MessageFlow(.request)
    let response = MessageFlow(.response)
    /// Whether a filter asked for the route to be chosen anew.
    let choosesRouteAnew: RouteMark
    /// The reply that a filter or a failure asked for and that has not been begun.
    var askedReply: LocalReply?
    /// The reply on its way through the response filters.
    var passingReply: LocalReply?
    /// What the server is to answer with; nothing runs any more but the end of the stream.
    var finalReply: LocalReply?

    /// Who waits for a reply while nothing of the stream is under way in the filters.
    var replyWaiter: CheckedContinuation<LocalReply?, Never>?

    /// - Parameter fallbacks: for each filter the version that takes its place where it fails on the request's headers.
    init(
        id: UInt64, attributes: StreamAttributes, filters: [FilterInstance], fallbacks: [FilterInstance?],
        bodyLimit: Int, choosesRouteAnew: RouteMark
    ) {
        self.choosesRouteAnew = choosesRouteAnew
        super.init(
            id: id, attributes: attributes, filters: filters, fallbacks: fallbacks, flows: (request, response),
            bodyLimit: bodyLimit)
    }

    override var http: HTTPStream? { self }

    /// The message of that direction.
    func message(_ direction: Direction) -> MessageFlow {
        direction == .request ? request : response
    }

    // MARK: What the server sends

    func begin(_ flow: MessageFlow, headers: HeaderMap, endOfStream: Bool) {
        guard flow.headers == nil, finalReply == nil, passingReply == nil else { return }
        flow.begin(headers, endOfStream: endOfStream)
        flow.hasEnded = endOfStream
        if askedReply != nil { return beginReply() }
        passHeaders(flow, from: 0)
    }

    func append(_ bytes: [UInt8], to flow: MessageFlow, endOfStream: Bool) {
        guard finalReply == nil, passingReply == nil else { return }
        guard flow.headersLeft || flow.takesEarlyBody, !flow.hasEnded else {
            // An empty end of a message that has ended is harmless.
            if !bytes.isEmpty || !flow.hasEnded { abandon(details: "stream_out_of_order") }
            return
        }
        flow.hasEnded = endOfStream
        flow.bodyBytes += bytes.count
        passBody(flow, bytes, endOfStream: endOfStream, from: 0)
    }

    func end(_ flow: MessageFlow, trailers: HeaderMap) {
        guard finalReply == nil, passingReply == nil else { return }
        guard flow.headersLeft, !flow.bodyLeft, flow.trailers == nil else {
            return abandon(details: "stream_out_of_order")
        }
        flow.end(trailers)
        passTrailers(flow, from: 0)
    }

    // MARK: What filters and the host ask for

    /// Asks for an answer in place of the upstream's. The first one that is asked for wins.
    func refuse(_ reply: LocalReply) {
        if askedReply == nil, finalReply == nil, duration == nil, !response.bodyLeft { askedReply = reply }
    }

    /// Takes back what a version asked for that failed. Another filter that failed with it still refuses the stream.
    func forgetAskedReply() {
        askedReply = nil
        for context in contexts where context.failure != nil { context.refuseStream() }
    }

    /// Whether a message goes no further, because the stream has another answer.
    func isStopped(_ flow: MessageFlow) -> Bool {
        finalReply != nil || askedReply != nil || (passingReply != nil && flow === request)
    }

    /// Whether a reply is on its way through the response filters.
    var isReplying: Bool { passingReply != nil && finalReply == nil }

    override func advance() {
        guard finalReply == nil else { return }
        if askedReply != nil { return beginReply() }
        resume(request)
        resume(response)
    }

    private func resume(_ flow: MessageFlow) {
        guard !isStopped(flow) else { return }
        if let position = flow.headersPause, isReleased(flow, position) { releaseHeaders(flow) }
        for position in contexts.indices where flow.trailersPause != position && !isStopped(flow) {
            if isReleased(flow, position) { flushBody(flow, heldAt: position) }
        }
        if let position = flow.trailersPause, isReleased(flow, position), !isStopped(flow) {
            flow.trailersPause = nil
            flushBody(flow, heldAt: position)
            passTrailers(flow, from: position + 1)
        }
    }

    override func pausedContext(_ flow: Flow) -> StreamContext? {
        let message = message(flow.direction)
        if let position = message.headersPause ?? message.trailersPause { return context(flow, position) }
        return super.pausedContext(flow)
    }

    override func isWaited(for flow: Flow) -> Bool {
        let message = message(flow.direction)
        return message.headersPause != nil || message.trailersPause != nil || super.isWaited(for: flow)
    }

    override func pauseExpired(_ flow: Flow, heldBy context: StreamContext) {
        refuse(LocalReply(status: 504, details: "pause_deadline"))
        // With all of the response on its way there is nobody left to tell.
        if response.bodyLeft { super.pauseExpired(flow, heldBy: context) }
    }

    override var hasFinished: Bool { finalReply != nil }

    override var isRefused: Bool { askedReply != nil }

    override var isLoggedByAll: Bool { request.headers != nil }

    override var endDetails: String? { replyDetails }

    override func refuseForFailure() {
        refuse(LocalReply(status: 503, details: "filter_failed"))
    }

    override func refuse(_ flow: Flow, heldBy _: StreamContext) {
        let isRequest = flow.direction == .request
        refuse(
            LocalReply(
                status: isRequest ? 413 : 500, details: isRequest ? "request_body_too_large" : "response_body_too_large"
            ))
    }

    /// Why there is a local reply, where there is one.
    var replyDetails: String? { (finalReply ?? passingReply)?.details }

    // MARK: The end

    override func abandon(details: String) {
        guard finalReply == nil else { return }
        finish(with: LocalReply(status: 500, details: details, resetsStream: true))
    }

    override func cancel() {
        guard finalReply == nil, duration == nil else { return }
        askedReply = nil
        leavePausedUncounted()
        finish(with: LocalReply(status: 499, details: "client_went_away", resetsStream: true))
    }

    /// `proxy_on_log` of all filters, then `proxy_on_done` and `proxy_on_delete` of each; the contexts are gone then.
    override func close(by _: ConnectionPeer) {
        guard noteEnd() else { return }
        cancelSilently()
        for context in contexts { context.log() }
        for context in contexts {
            context.done()
            context.delete()
        }
    }

    private func cancelSilently() {
        askedReply = nil
        if finalReply == nil, !isComplete {
            leavePausedUncounted()
            finish(with: LocalReply(status: 499, details: "stream_closed", resetsStream: true))
        }
    }

    /// Whether the filters have seen what there is of the response to see. A server need not hand over a body that no filter looks at.
    private var isComplete: Bool {
        response.bodyLeft || response.trailersLeft || (response.headersLeft && !filtersResponseBody)
    }

    private var filtersResponseBody: Bool { contexts.contains { $0.filter.callbacks.response.body != nil } }
}
