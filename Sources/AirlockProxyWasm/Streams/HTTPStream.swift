import Airlock
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
    /// Contexts of versions that failed and whose place another version took.
    private(set) var replaced: [StreamContext] = []
    let request = MessageFlow(.request)
    let response = MessageFlow(.response)
    var properties = StreamProperties()
    /// Objects that foreign functions set, by their keys.
    var filterState = StreamProperties()
    /// Whether a filter asked for the route to be chosen anew.
    let choosesRouteAnew: RouteMark
    let beganAt = MonotonicInstant.now
    /// Time from the first to the last byte; nil until the stream has ended.
    private(set) var duration: Duration?
    /// Whether the agenda has the stream already.
    var isTouched = false
    /// The reply that a filter or a failure asked for and that has not been begun.
    var askedReply: LocalReply?
    /// The reply on its way through the response filters.
    var passingReply: LocalReply?
    /// What the server is to answer with; nothing runs any more but the end of the stream.
    var finalReply: LocalReply?
    let bodyLimit: Int

    /// - Parameter fallbacks: for each filter the version that takes its place where it fails on the request's headers.
    init(
        id: UInt64, attributes: StreamAttributes, filters: [FilterInstance], fallbacks: [FilterInstance?],
        bodyLimit: Int, choosesRouteAnew: RouteMark
    ) {
        self.id = id
        self.attributes = attributes
        self.bodyLimit = bodyLimit
        self.choosesRouteAnew = choosesRouteAnew
        contexts = zip(filters, fallbacks).map { StreamContext(stream: self, filter: $0, fallback: $1) }
    }

    /// Whether one of these has a part in the stream.
    func uses(_ filters: [FilterInstance]) -> Bool {
        contexts.contains { context in filters.contains { $0 === context.filter } }
    }

    /// Lets another version of a filter take the place of one that failed before it had done anything to the stream.
    func replace(_ failed: StreamContext) -> StreamContext? {
        guard failed.failure != nil, let filter = failed.fallback.take(),
            let position = contexts.firstIndex(where: { $0 === failed })
        else { return nil }
        let context = StreamContext(stream: self, filter: filter, fallback: nil)
        contexts[position] = context
        replaced.append(failed)
        return context
    }

    /// Versions that were held ready for the place of others and did not take it.
    var unusedFallbacks: [FilterInstance] { contexts.compactMap(\.fallback) }

    /// The message of that direction.
    func flow(_ direction: Direction) -> MessageFlow {
        direction == .request ? request : response
    }

    /// The context at a position of a message's way.
    func context(_ flow: MessageFlow, _ position: Int) -> StreamContext {
        flow.direction == .request ? contexts[position] : contexts[contexts.count - 1 - position]
    }

    // MARK: What the server sends

    func begin(_ flow: MessageFlow, headers: HeaderMap, endOfStream: Bool) {
        guard flow.headers == nil, finalReply == nil, passingReply == nil else { return }
        flow.headers = headers
        flow.endsWithHeaders = endOfStream
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
        flow.trailers = trailers
        flow.hasEnded = true
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

    /// Goes on where something changed from outside: a filter asked to continue, or failed, or a reply was asked for.
    func advance() {
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

    private func isReleased(_ flow: MessageFlow, _ position: Int) -> Bool {
        let context = context(flow, position)
        return context[flow.direction].continues || context.home == nil
    }

    /// The filter that holds back what the server waits for: of several the one that the message reaches first.
    func pausedContext(_ flow: MessageFlow) -> StreamContext? {
        if let position = flow.headersPause ?? flow.trailersPause { return context(flow, position) }
        return contexts.indices.lazy.map { self.context(flow, $0) }.first { $0[flow.direction].isPaused }
    }

    /// Whether the server waits for a filter that holds something back.
    func waits(for filter: FilterInstance) -> Bool {
        [request, response].contains { flow in
            // Of a body only the end is waited for.
            let isWaitedFor = flow.headersPause != nil || flow.trailersPause != nil || flow.waitsFor != nil
            return isWaitedFor && pausedContext(flow)?.filter === filter
        }
    }

    /// Filters that hold something back when the client goes away may or may not have let go of it in time.
    func leavePausedUncounted() {
        for flow in [request, response] { pausedContext(flow)?.leaveUncounted() }
    }

    /// Why there is a local reply, where there is one.
    var replyDetails: String? { (finalReply ?? passingReply)?.details }

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
            leavePausedUncounted()
            finish(with: LocalReply(status: 499, details: "stream_closed", resetsStream: true))
        }
    }

    private var isComplete: Bool { response.bodyLeft }

    /// Whether nothing of it can go on any more.
    var isOver: Bool { finalReply != nil || (request.bodyLeft && response.bodyLeft) }
}
