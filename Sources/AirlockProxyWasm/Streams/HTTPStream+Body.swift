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

    private func deliverBody(
        _ flow: MessageFlow, _ bytes: inout [UInt8], endOfStream: Bool, to context: StreamContext
    ) -> Verdict {
        let callback = context.filter.callbacks.body(flow.direction)
        return deliver(&bytes, of: flow, endOfStream: endOfStream, to: context, by: callback, BodyAction.init)
    }

    /// Keeps body in front of a filter that holds back the headers.
    private func park(_ bytes: [UInt8], endOfStream: Bool, of flow: MessageFlow, at position: Int) {
        flow.parked += bytes
        flow.isEndParked = endOfStream
        guard flow.parked.count > bodyLimit else { return }
        _ = refuseHeld(flow, by: context(flow, position))
        beginReply()
    }

    /// Lets go of what a filter holds back, to the filters behind it.
    func flushBody(_ flow: MessageFlow, heldAt position: Int) {
        let context = context(flow, position)
        guard context[flow.direction].isPaused else { return }
        let endOfStream = context[flow.direction].endOfStream
        passBody(flow, takeHeld(by: context, flow.direction), endOfStream: endOfStream, from: position + 1)
    }
}
