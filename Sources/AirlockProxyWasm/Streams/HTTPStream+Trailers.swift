/// Passing trailers from filter to filter, behind what each still holds back of the body.
extension HTTPStream {
    func passTrailers(_ flow: MessageFlow, from start: Int) {
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
        guard let callback = context.filter.callbacks.trailers(flow.direction), context.home != nil else {
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
        guard context.filter.callbacks.body(flow.direction) != nil else { return }
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
}
