/// Passing a body from filter to filter, each of which may hold it back.
extension HTTPStream {
    func passBody(_ flow: MessageFlow, _ chunk: [UInt8], endOfStream: Bool, from start: Int) {
        var bytes = chunk
        for position in contexts.indices[start...] {
            if bytes.isEmpty, !endOfStream { return }
            if flow.headersPause == position, !flow.headersPauseShowsBody {
                return park(bytes, endOfStream: endOfStream, of: flow, at: position)
            }
            let context = context(flow, position)
            switch deliverBody(flow, &bytes, endOfStream: endOfStream, to: context) {
            case .proceed:
                guard flow.headersPause == position else { continue }
                // Who lets go of the body lets go of the headers before it, as in Envoy.
                releaseHeaders(flow)
                guard !isStopped(flow) else { return }
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
            guard context[direction].body.count <= bodyLimit else { return refuseBody(flow, heldBy: context) }
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
            return context[direction].body.count <= bodyLimit ? .hold : refuseBody(flow, heldBy: context)
        case .discard where !context[direction].continues:
            context[direction].body = []
            context[direction].isPaused = true
            return .hold
        default:
            bytes = takeBody(of: context, direction)
            return .proceed
        }
    }

    /// Keeps body in front of a filter that holds back the headers.
    private func park(_ bytes: [UInt8], endOfStream: Bool, of flow: MessageFlow, at position: Int) {
        flow.parked += bytes
        flow.isEndParked = endOfStream
        guard flow.parked.count > bodyLimit else { return }
        _ = refuseBody(flow, heldBy: context(flow, position))
        beginReply()
    }

    /// Lets go of what a filter holds back, to the filters behind it.
    func flushBody(_ flow: MessageFlow, heldAt position: Int) {
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

    private func refuseBody(_ flow: MessageFlow, heldBy context: StreamContext) -> Verdict {
        let isRequest = flow.direction == .request
        // How much a client sends is not the filter's fault.
        if isRequest { context.leaveUncounted() } else { context.count(context.filter.heldTooMuch(bodyLimit)) }
        refuse(
            LocalReply(
                status: isRequest ? 413 : 500, details: isRequest ? "request_body_too_large" : "response_body_too_large"
            ))
        return .stop
    }
}
