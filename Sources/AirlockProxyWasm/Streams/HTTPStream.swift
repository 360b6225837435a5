import WorkerLoop

/// One request and its response on their way through the filters of a chain. Confined to one worker loop; nothing in
/// it waits.
///
/// The request passes the filters in order, the response in reverse. A filter that returns "pause" holds the message
/// back until it asks to continue, from this or any other callback, or fails.
final class HTTPStream {
    let id: UInt64
    let attributes: StreamAttributes
    var upstream: UpstreamAttributes?
    private(set) var contexts: [StreamContext] = []
    let request = MessageFlow(.request)
    let response = MessageFlow(.response)
    var properties = StreamProperties()
    let beganAt = MonotonicInstant.now
    /// Time from the first to the last byte; nil until the stream has ended.
    private(set) var duration: Duration?
    /// Whether the agenda has the stream already.
    var isTouched = false
    /// The reply that a filter or a failure asked for and that has not been begun.
    private var askedReply: LocalReply?
    /// The reply on its way through the response filters.
    private var passingReply: LocalReply?
    /// What the server is to answer with; nothing runs any more but the end of the stream.
    private(set) var finalReply: LocalReply?
    private let bodyLimit: Int

    init(id: UInt64, attributes: StreamAttributes, filters: [FilterInstance], bodyLimit: Int) {
        self.id = id
        self.attributes = attributes
        self.bodyLimit = bodyLimit
        contexts = filters.map { StreamContext(stream: self, filter: $0) }
    }

    /// The message of that direction.
    func flow(_ direction: Direction) -> MessageFlow {
        direction == .request ? request : response
    }

    /// The context at a position of a message's way.
    private func context(_ flow: MessageFlow, _ position: Int) -> StreamContext {
        flow.direction == .request ? contexts[position] : contexts[contexts.count - 1 - position]
    }

    // MARK: What the server sends

    func begin(_ flow: MessageFlow, headers: HeaderMap, endOfStream: Bool) {
        guard flow.headers == nil, finalReply == nil, passingReply == nil else { return }
        flow.headers = headers
        flow.endsWithHeaders = endOfStream
        if askedReply != nil { return beginReply() }
        passHeaders(flow, from: 0)
    }

    func append(_ bytes: [UInt8], to flow: MessageFlow, endOfStream: Bool) {
        guard finalReply == nil, passingReply == nil else { return }
        guard flow.headersLeft, !flow.bodyLeft else {
            // An empty end of a message that has ended is harmless.
            if !bytes.isEmpty || !flow.bodyLeft { abandon(details: "stream_out_of_order") }
            return
        }
        flow.bodyBytes += bytes.count
        passBody(flow, bytes, endOfStream: endOfStream, from: 0)
    }

    func end(_ flow: MessageFlow, trailers: HeaderMap) {
        guard finalReply == nil, passingReply == nil else { return }
        guard flow.headersLeft, !flow.bodyLeft, flow.trailers == nil else {
            return abandon(details: "stream_out_of_order")
        }
        flow.trailers = trailers
        passTrailers(flow, from: 0)
    }

    // MARK: What filters and the host ask for

    /// Asks for an answer in place of the upstream's. The first one that is asked for wins.
    func refuse(_ reply: LocalReply) {
        if askedReply == nil, finalReply == nil, duration == nil, !response.bodyLeft { askedReply = reply }
    }

    /// Whether a message goes no further, because the stream has another answer.
    private func isStopped(_ flow: MessageFlow) -> Bool {
        finalReply != nil || askedReply != nil || (passingReply != nil && flow === request)
    }

    /// Whether a reply is on its way through the response filters.
    var isReplying: Bool { passingReply != nil && finalReply == nil }

    /// Goes on where something changed from outside: a filter asked to continue, or failed, or a reply was asked for.
    func advance() {
        guard finalReply == nil else { return }
        if askedReply != nil { return beginReply() }
        resume(request)
        resume(response)
    }

    private func resume(_ flow: MessageFlow) {
        guard !isStopped(flow) else { return }
        if let position = flow.headersPause, isReleased(flow, position) {
            flow.headersPause = nil
            passHeaders(flow, from: position + 1)
        }
        for position in contexts.indices where flow.trailersPause != position && !isStopped(flow) {
            if isReleased(flow, position) { flushBody(flow, heldAt: position) }
        }
        if let position = flow.trailersPause, isReleased(flow, position), !isStopped(flow) {
            flow.trailersPause = nil
            flushBody(flow, heldAt: position)
            passTrailers(flow, from: position + 1)
        }
    }

    private func isReleased(_ flow: MessageFlow, _ position: Int) -> Bool {
        let context = context(flow, position)
        return context[flow.direction].continues || context.home == nil
    }

    /// The filter that holds back what the server waits for.
    func pausedContext(_ flow: MessageFlow) -> StreamContext? {
        if let position = flow.headersPause ?? flow.trailersPause { return context(flow, position) }
        return contexts.first { $0[flow.direction].isPaused }
    }

    /// Why there is a local reply, where there is one.
    var replyDetails: String? { (finalReply ?? passingReply)?.details }

    // MARK: Headers

    private func passHeaders(_ flow: MessageFlow, from start: Int) {
        for position in contexts.indices[start...] {
            let context = context(flow, position)
            switch deliverHeaders(flow, to: context) {
            case .proceed:
                flow.headersEditor = nil
            case .hold:
                flow.headersPause = position
                return
            case .stop:
                flow.headersEditor = nil
                return beginReply()
            }
        }
        flow.headersEditor = nil
        flow.headersLeft = true
        if flow.endsWithHeaders { flow.bodyLeft = true }
        if flow.direction == .response { continueReply() }
    }

    private enum Verdict {
        case proceed
        case hold
        case stop
    }

    private func deliverHeaders(_ flow: MessageFlow, to context: StreamContext) -> Verdict {
        if flow.direction == .request { _ = context.enter() }
        guard askedReply == nil else { return .stop }
        guard let callback = context.filter.callbacks[flow.direction].headers, context.home != nil else {
            return .proceed
        }
        flow.headersEditor = context
        context[flow.direction].continues = false
        let count = UInt32(clamping: flow.headers?.count ?? 0)
        let action = context.call(callback, count, flow.endsWithHeaders ? 1 : 0).map(HeadersAction.init)
        guard askedReply == nil else { return .stop }
        if action == .pause, !context[flow.direction].continues { return .hold }
        return .proceed
    }

    // MARK: Body

    private func passBody(_ flow: MessageFlow, _ chunk: [UInt8], endOfStream: Bool, from start: Int) {
        var bytes = chunk
        for position in contexts.indices[start...] {
            if bytes.isEmpty, !endOfStream { return }
            let context = context(flow, position)
            switch deliverBody(flow, &bytes, endOfStream: endOfStream, to: context) {
            case .proceed: continue
            case .hold: return
            case .stop: return beginReply()
            }
        }
        if flow.output.isEmpty { flow.output = bytes } else { flow.output += bytes }
        if endOfStream {
            flow.bodyLeft = true
            if flow.direction == .response { continueReply() }
        }
    }

    /// Shows the bytes to a filter, together with those that it held back. On `.proceed` the bytes are what the next
    /// filter gets.
    private func deliverBody(
        _ flow: MessageFlow, _ bytes: inout [UInt8], endOfStream: Bool, to context: StreamContext
    ) -> Verdict {
        let direction = flow.direction
        let wasPaused = context[direction].isPaused
        guard context.home != nil, let callback = context.filter.callbacks[direction].body else {
            if wasPaused { bytes = takeBody(of: context, direction) + bytes }
            return .proceed
        }
        if wasPaused {
            context[direction].body += bytes
            guard context[direction].body.count <= bodyLimit else { return refuseBody(flow) }
        } else {
            context[direction].body = bytes
        }
        bytes = []
        context[direction].endOfStream = endOfStream
        context[direction].continues = false
        context[direction].showsBody = true
        let count = UInt32(clamping: context[direction].body.count)
        let action = context.call(callback, count, endOfStream ? 1 : 0).map(BodyAction.init)
        guard askedReply == nil else { return .stop }
        switch action {
        case .pause where !context[direction].continues:
            context[direction].isPaused = true
            return context[direction].body.count <= bodyLimit ? .hold : refuseBody(flow)
        case .discard where !context[direction].continues:
            context[direction].body = []
            context[direction].isPaused = true
            return .hold
        default:
            bytes = takeBody(of: context, direction)
            return .proceed
        }
    }

    /// Lets go of what a filter holds back, to the filters behind it.
    private func flushBody(_ flow: MessageFlow, heldAt position: Int) {
        let context = context(flow, position)
        guard context[flow.direction].isPaused else { return }
        let endOfStream = context[flow.direction].endOfStream
        passBody(flow, takeBody(of: context, flow.direction), endOfStream: endOfStream, from: position + 1)
    }

    private func takeBody(of context: StreamContext, _ direction: Direction) -> [UInt8] {
        let body = context[direction].body
        context[direction].body = []
        context[direction].showsBody = false
        context[direction].isPaused = false
        return body
    }

    private func refuseBody(_ flow: MessageFlow) -> Verdict {
        let isRequest = flow.direction == .request
        refuse(
            LocalReply(
                status: isRequest ? 413 : 500, details: isRequest ? "request_body_too_large" : "response_body_too_large"
            ))
        return .stop
    }

    // MARK: Trailers

    private func passTrailers(_ flow: MessageFlow, from start: Int) {
        for position in contexts.indices[start...] {
            guard !isStopped(flow) else { return }
            let context = context(flow, position)
            switch deliverTrailers(flow, to: context) {
            case .proceed:
                flow.trailersEditor = nil
                flushBody(flow, heldAt: position)
            case .hold:
                flow.trailersPause = position
                return
            case .stop:
                flow.trailersEditor = nil
                return beginReply()
            }
        }
        guard !isStopped(flow) else { return }
        flow.bodyLeft = true
        flow.trailersLeft = true
    }

    private func deliverTrailers(_ flow: MessageFlow, to context: StreamContext) -> Verdict {
        guard let callback = context.filter.callbacks[flow.direction].trailers, context.home != nil else {
            return .proceed
        }
        flow.trailersEditor = context
        context[flow.direction].continues = false
        showEndOfBody(flow, to: context)
        defer { keepEndOfBody(flow, of: context) }
        let count = UInt32(clamping: flow.trailers?.count ?? 0)
        let action = context.call(callback, count).map(TrailersAction.init)
        guard askedReply == nil else { return .stop }
        if action == .pause, !context[flow.direction].continues { return .hold }
        return .proceed
    }

    /// Lets a filter that looks at bodies change what it still holds back, or append to what it let go: its last chance to.
    private func showEndOfBody(_ flow: MessageFlow, to context: StreamContext) {
        guard context.filter.callbacks[flow.direction].body != nil else { return }
        if !context[flow.direction].isPaused {
            context[flow.direction].body = []
            context[flow.direction].endOfStream = false
        }
        context[flow.direction].showsBody = true
    }

    /// What was appended counts as held back: it goes on before the trailers.
    private func keepEndOfBody(_ flow: MessageFlow, of context: StreamContext) {
        context[flow.direction].isPaused = !context[flow.direction].body.isEmpty
        context[flow.direction].showsBody = context[flow.direction].isPaused
    }

    // MARK: Local replies

    /// A reply passes through the response filters, the sender's own as well, unless a response is already on its
    /// way: then it goes out as it is.
    private func beginReply() {
        guard let reply = askedReply, finalReply == nil else { return }
        askedReply = nil
        guard response.headers == nil, !reply.resetsStream else {
            var direct = reply
            if response.headersLeft, passingReply == nil { direct.resetsStream = true }
            return finish(with: direct)
        }
        passingReply = reply
        response.headers = reply.responseHeaders
        response.endsWithHeaders = reply.body.isEmpty
        response.bodyBytes = reply.body.count
        passHeaders(response, from: 0)
    }

    /// Sends the reply's body after its headers, and ends the stream when all of it is through.
    private func continueReply() {
        guard var reply = passingReply, finalReply == nil, response.headersLeft else { return }
        if !response.bodyLeft {
            guard !reply.body.isEmpty else { return }
            let body = reply.body
            passingReply?.body = []
            return passBody(response, body, endOfStream: true, from: 0)
        }
        reply.body = response.takeOutput()
        reply.take(response.headers ?? HeaderMap())
        finish(with: reply)
    }

    private func finish(with reply: LocalReply) {
        finalReply = reply
        request.headersPause = nil
        request.trailersPause = nil
        response.headersPause = nil
        response.trailersPause = nil
    }

    /// Ends the stream because the client went away.
    func cancel() {
        guard finalReply == nil, duration == nil else { return }
        askedReply = nil
        finish(with: LocalReply(status: 499, details: "client_went_away", resetsStream: true))
    }

    // MARK: The end

    /// Ends the stream because it cannot go on.
    func abandon(details: String) {
        guard finalReply == nil else { return }
        finish(with: LocalReply(status: 500, details: details, resetsStream: true))
    }

    /// `proxy_on_log` of all filters, then `proxy_on_done` and `proxy_on_delete` of each; the contexts are gone then.
    func close() {
        guard duration == nil else { return }
        duration = MonotonicInstant.now - beganAt
        cancelSilently()
        for context in contexts { context.log() }
        for context in contexts { context.delete() }
    }

    private func cancelSilently() {
        askedReply = nil
        if finalReply == nil, !isComplete {
            finish(with: LocalReply(status: 499, details: "stream_closed", resetsStream: true))
        }
    }

    private var isComplete: Bool { response.bodyLeft }
}
