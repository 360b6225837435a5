import Logging

/// One connection on its way through the filters of a chain.
///
/// The connection passes the filters first, in order; then the bytes of both sides do.
final class TCPStream: FilterStream {
    /// What the client sends.
    let downstream = Flow(.request)
    /// What the upstream sends.
    let upstreamData = Flow(.response)
    /// Why it does not go on; no callback runs then but those of its end.
    private(set) var closure: ConnectionClosure?
    /// The position that holds back the connection.
    private var connectionPause: Int?
    private var hasBegun = false
    /// Whether all filters have let the connection pass.
    private(set) var isOpen = false
    /// Bytes for the client that were handed out.
    private(set) var sentBytes = 0

    init(id: UInt64, attributes: StreamAttributes, filters: [FilterInstance], bodyLimit: Int) {
        super.init(
            id: id, attributes: attributes, filters: filters, fallbacks: filters.map { _ in nil },
            flows: (downstream, upstreamData), bodyLimit: bodyLimit)
    }

    override var tcp: TCPStream? { self }

    override var hasFinished: Bool { closure != nil || duration != nil }

    override var isRefused: Bool { closure != nil }

    override var endDetails: String? { closure?.details }

    // MARK: What the server hands over

    /// `proxy_on_new_connection`.
    func begin() {
        guard !hasFinished else { return }
        guard !hasBegun else { return abandon(details: "stream_out_of_order") }
        hasBegun = true
        passConnection(from: 0)
    }

    func append(_ bytes: [UInt8], to flow: Flow, endOfStream: Bool) {
        guard !hasFinished else { return }
        guard isOpen, !flow.hasEnded else { return abandon(details: "stream_out_of_order") }
        flow.hasEnded = endOfStream
        flow.bodyBytes += bytes.count
        passData(flow, bytes, endOfStream: endOfStream, from: 0)
    }

    /// Takes what has passed the filters.
    func take(_ flow: Flow) -> [UInt8] {
        let bytes = flow.takeOutput()
        if flow === upstreamData { sentBytes += bytes.count }
        return bytes
    }

    /// Whether more can come in: not so much is held back, or past the filters and not read yet.
    func hasRoom(for count: Int, in flow: Flow) -> Bool {
        fits(count, beside: held(flow) + flow.output.count)
    }

    /// Whether more cannot come in because of what filters hold back.
    func isFull(for count: Int, in flow: Flow) -> Bool {
        !fits(count, beside: held(flow))
    }

    private func held(_ flow: Flow) -> Int {
        contexts.reduce(0) { $0 + $1[flow.direction].body.count }
    }

    private func fits(_ count: Int, beside kept: Int) -> Bool {
        kept == 0 || kept + count <= bodyLimit
    }

    // MARK: Passing the filters

    private func passConnection(from start: Int) {
        for position in contexts.indices[start...] {
            let context = contexts[position]
            _ = context.enter()
            guard !hasFinished else { return }
            guard let callback = context.filter.callbacks.connection.new, context.home != nil else { continue }
            context.request.continues = false
            let action = context.call(callback)
            guard !hasFinished else { return }
            if let action, action != 0, !context.request.continues {
                connectionPause = position
                return
            }
        }
        isOpen = true
    }

    private func passData(_ flow: Flow, _ chunk: [UInt8], endOfStream: Bool, from start: Int) {
        var bytes = chunk
        for position in contexts.indices[start...] {
            if bytes.isEmpty, !endOfStream { return }
            let context = context(flow, position)
            let callbacks = context.filter.callbacks.connection
            let callback = flow === downstream ? callbacks.downstreamData : callbacks.upstreamData
            let verdict = deliver(&bytes, of: flow, endOfStream: endOfStream, to: context, by: callback) {
                $0 == 0 ? .continue : .pause
            }
            if verdict != .stop, endOfStream, flow === upstreamData { noteUpstreamEnd(context) }
            guard verdict == .proceed, !hasFinished else { return }
        }
        if flow.output.isEmpty { flow.output = bytes } else { flow.output += bytes }
        if endOfStream { flow.bodyLeft = true }
    }

    /// `proxy_on_upstream_connection_close`, after the last data of the upstream, as in Envoy.
    private func noteUpstreamEnd(_ context: StreamContext) {
        guard let callback = context.filter.callbacks.connection.upstreamClose else { return }
        _ = context.call(callback, ConnectionPeer.unknown.rawValue)
    }

    // MARK: What filters and the host ask for

    override func advance() {
        guard !hasFinished else { return }
        if let position = connectionPause, isReleased(downstream, position) {
            connectionPause = nil
            passConnection(from: position + 1)
        }
        for flow in [downstream, upstreamData] {
            for position in contexts.indices where !hasFinished {
                let context = context(flow, position)
                guard context[flow.direction].isPaused, isReleased(flow, position) else { continue }
                let endOfStream = context[flow.direction].endOfStream
                passData(flow, takeHeld(by: context, flow.direction), endOfStream: endOfStream, from: position + 1)
            }
        }
    }

    override func pausedContext(_ flow: Flow) -> StreamContext? {
        if flow === downstream, let connectionPause { return contexts[connectionPause] }
        return super.pausedContext(flow)
    }

    /// Ends what goes on; what has passed the filters still goes out. The first reason counts.
    func close(details: String) {
        if !hasFinished { closure = ConnectionClosure(details: details) }
    }

    override func refuseForFailure() { close(details: "filter_failed") }

    override func refuse(_: Flow, heldBy context: StreamContext) { close(details: "buffer_limit", because: context) }

    override func pauseExpired(_: Flow, heldBy context: StreamContext) {
        close(details: "pause_deadline", because: context)
    }

    private func close(details: String, because context: StreamContext) {
        guard !hasFinished else { return }
        close(details: details)
        context.filter.logger.warning("connection closed", metadata: ["reason": "\(details)"])
    }

    override func abandon(details: String) { close(details: details) }

    override func cancel() { sideWentAway("client_went_away") }

    func cancelUpstream() { sideWentAway("upstream_went_away") }

    private func sideWentAway(_ details: String) {
        guard !hasFinished else { return }
        leavePausedUncounted()
        close(details: details)
    }

    // MARK: The end

    /// Of each filter in turn, as in Envoy: `proxy_on_downstream_connection_close`, `proxy_on_done`, `proxy_on_log`, `proxy_on_delete`.
    override func close(by peer: ConnectionPeer) {
        if !isOver { leavePausedUncounted() }
        guard noteEnd() else { return }
        for context in contexts {
            if let callback = context.filter.callbacks.connection.downstreamClose {
                _ = context.call(callback, peer.rawValue)
            }
            context.done()
            context.log()
            context.delete()
        }
    }
}
