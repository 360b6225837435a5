/// Showing bytes to one filter after another, each of which may hold them back.
extension FilterStream {
    /// Shows bytes to a filter, together with those that it held back. On `.proceed` the bytes are what the next filter gets.
    /// - Parameters:
    ///   - callback: nil where the filter does not look at them.
    ///   - action: what the callback's answer means.
    func deliver(
        _ bytes: inout [UInt8], of flow: Flow, endOfStream: Bool, to context: StreamContext,
        by callback: GuestCallbacks.BodyCallback?, _ action: (UInt32) -> BodyAction
    ) -> Verdict {
        let direction = flow.direction
        let wasPaused = context[direction].isPaused
        guard context.home != nil, let callback else {
            if wasPaused { bytes = takeHeld(by: context, direction) + bytes }
            return .proceed
        }
        if wasPaused {
            context[direction].body += bytes
            guard context[direction].body.count <= bodyLimit else { return refuseHeld(flow, by: context) }
        } else {
            context[direction].body = bytes
        }
        bytes = []
        context[direction].endOfStream = endOfStream
        context[direction].continues = false
        context[direction].showsBody = true
        let count = UInt32(clamping: context[direction].body.count)
        let answer = context.call(callback, count, endOfStream ? 1 : 0).map(action)
        guard !isRefused else { return .stop }
        switch answer {
        case .pause where !context[direction].continues:
            context[direction].isPaused = true
            return context[direction].body.count <= bodyLimit ? .hold : refuseHeld(flow, by: context)
        case .discard where !context[direction].continues:
            context[direction].body = []
            context[direction].isPaused = true
            return .hold
        default:
            bytes = takeHeld(by: context, direction)
            return .proceed
        }
    }

    /// Takes what a filter sees or holds back; it holds back nothing then.
    func takeHeld(by context: StreamContext, _ direction: Direction) -> [UInt8] {
        let body = context[direction].body
        context[direction].body = []
        context[direction].showsBody = false
        context[direction].isPaused = false
        return body
    }

    /// Does not go on, because a filter holds back too much.
    func refuseHeld(_ flow: Flow, by context: StreamContext) -> Verdict {
        if flow.direction == .request {
            // How much a client sends is not the filter's fault.
            context.leaveUncounted()
        } else {
            context.count(context.filter.heldTooMuch(bodyLimit))
        }
        refuse(flow, heldBy: context)
        return .stop
    }

    /// Whether the filter at a position may let go of what it holds back: it asked to, or has no part in the stream any more.
    func isReleased(_ flow: Flow, _ position: Int) -> Bool {
        let context = context(flow, position)
        return context[flow.direction].continues || context.home == nil
    }
}
