/// Passing headers from filter to filter.
extension HTTPStream {
    func passHeaders(_ flow: MessageFlow, from start: Int) {
        for position in contexts.indices[start...] {
            switch deliverHeaders(flow, to: context(flow, position)) {
            case .proceed:
                flow.headersEditor = nil
            case .hold:
                flow.headersPause = position
                // A reply's body is there already.
                if flow.direction == .response { continueReply() }
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

    /// Lets go of the headers that a filter holds back, and then of the body in front of it.
    func releaseHeaders(_ flow: MessageFlow) {
        guard let position = flow.headersPause.take() else { return }
        let (bytes, isEnd) = flow.takeParked()
        passHeaders(flow, from: position + 1)
        guard !isStopped(flow), !bytes.isEmpty || isEnd else { return }
        passBody(flow, bytes, endOfStream: isEnd, from: position)
    }

    private func deliverHeaders(_ flow: MessageFlow, to context: StreamContext) -> Verdict {
        guard flow.direction == .request, context.fallback != nil else { return deliverHeadersOnce(flow, to: context) }
        let headers = flow.headers
        let (properties, filterState, choosesRouteAnew) = (properties, filterState, choosesRouteAnew.isSet)
        context.mayFallBack = true
        let verdict = deliverHeadersOnce(flow, to: context)
        context.mayFallBack = false
        guard let replacement = replace(context) else {
            context.releaseFallback()
            return verdict
        }
        flow.headers = headers
        self.properties = properties
        self.filterState = filterState
        self.choosesRouteAnew.isSet = choosesRouteAnew
        forgetAskedReply()
        return deliverHeadersOnce(flow, to: replacement)
    }

    private func deliverHeadersOnce(_ flow: MessageFlow, to context: StreamContext) -> Verdict {
        if flow.direction == .request { _ = context.enter() }
        guard askedReply == nil else { return .stop }
        guard let callback = context.filter.callbacks.headers(flow.direction), context.home != nil else {
            return .proceed
        }
        flow.headersEditor = context
        context[flow.direction].continues = false
        let count = UInt32(clamping: flow.headers?.count ?? 0)
        let action = context.call(callback, count, endOfStream: flow.endsWithHeaders)
            .map { HeadersAction($0, showsBody: context.filter.configuration.allowOnHeadersStopIteration) }
        guard askedReply == nil else { return .stop }
        guard let action, action != .continue, !context[flow.direction].continues else { return .proceed }
        flow.headersPauseShowsBody = action == .pauseHeaders && !flow.endsWithHeaders
        if flow.headersPauseShowsBody { flow.takesEarlyBody = true }
        return .hold
    }
}
