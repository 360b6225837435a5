import WorkerLoop

/// The server's calls: each hands a part of a message to the filters and waits while one of them holds it back.
extension FilterLoop {
    /// What the server waits for.
    enum Part {
        case headers
        case body(isLast: Bool)
        case trailers
    }

    func headers(_ id: UInt64, _ direction: Direction, _ map: HeaderMap, endOfStream: Bool) -> HeadersOutcome? {
        guard let stream = streams[id]?.http else { return .localReply(.streamClosed) }
        stream.begin(stream.message(direction), headers: map, endOfStream: endOfStream)
        finishPart(stream)
        return headersOutcome(stream, direction)
    }

    /// A part of a body that comes before the headers have left.
    func earlyBody(
        _ id: UInt64, _ direction: Direction, _ bytes: [UInt8], endOfStream: Bool
    ) -> HeadersOutcome? {
        guard let stream = streams[id]?.http else { return .localReply(.streamClosed) }
        stream.append(bytes, to: stream.message(direction), endOfStream: endOfStream)
        finishPart(stream)
        return headersOutcome(stream, direction)
    }

    /// Whether a filter that holds back the headers is to be shown the body.
    func wantsBody(_ id: UInt64, _ direction: Direction) -> Bool {
        guard let stream = streams[id]?.http else { return false }
        return stream.message(direction).wantsBody && !stream.isReplying
    }

    func body(_ id: UInt64, _ direction: Direction, _ bytes: [UInt8], endOfStream: Bool) -> BodyOutcome? {
        guard let stream = streams[id]?.http else { return .localReply(.streamClosed) }
        stream.append(bytes, to: stream.message(direction), endOfStream: endOfStream)
        finishPart(stream)
        return bodyOutcome(stream, direction, isLast: endOfStream)
    }

    func trailers(_ id: UInt64, _ direction: Direction, _ map: HeaderMap) -> TrailersOutcome? {
        guard let stream = streams[id]?.http else { return .localReply(.streamClosed) }
        stream.end(stream.message(direction), trailers: map)
        finishPart(stream)
        return trailersOutcome(stream, direction)
    }

    /// Does what the part's callbacks left to be done; when it ended the stream, the other message's calls learn of it.
    private func finishPart(_ stream: HTTPStream) {
        settle()
        if stream.finalReply != nil { wake(stream) }
    }

    // MARK: Waiting

    /// - Parameter orBody: whether to come back with nil where a filter is to be shown the body first.
    func waitForHeaders(_ id: UInt64, _ direction: Direction, orBody: Bool = false) async -> HeadersOutcome? {
        guard let stream = streams[id]?.http else { return .localReply(.streamClosed) }
        while true {
            if let outcome = headersOutcome(stream, direction) { return endWait(stream, direction, outcome) }
            if orBody, wantsBody(id, direction) { return endWait(stream, direction, nil) }
            await wait(stream, stream.isReplying ? .response : direction, since: stream.wakes)
        }
    }

    func waitForBody(_ id: UInt64, _ direction: Direction, isLast: Bool) async -> BodyOutcome {
        guard let stream = streams[id]?.http else { return .localReply(.streamClosed) }
        while true {
            if let outcome = bodyOutcome(stream, direction, isLast: isLast) {
                return endWait(stream, direction, outcome)
            }
            await wait(stream, stream.isReplying ? .response : direction, since: stream.wakes)
        }
    }

    func waitForTrailers(_ id: UInt64, _ direction: Direction) async -> TrailersOutcome {
        guard let stream = streams[id]?.http else { return .localReply(.streamClosed) }
        while true {
            if let outcome = trailersOutcome(stream, direction) { return endWait(stream, direction, outcome) }
            await wait(stream, stream.isReplying ? .response : direction, since: stream.wakes)
        }
    }

    private func endWait<Outcome>(_ stream: HTTPStream, _ direction: Direction, _ outcome: Outcome) -> Outcome {
        stream.message(direction).waitsFor = nil
        return outcome
    }

    /// What every call gets once nothing of the stream goes on.
    private func endReply(_ stream: HTTPStream) -> LocalReply? {
        stream.finalReply ?? (stream.duration == nil ? nil : .streamClosed)
    }

    private func headersOutcome(_ stream: HTTPStream, _ direction: Direction) -> HeadersOutcome? {
        if let reply = endReply(stream) { return .localReply(reply) }
        let flow = stream.message(direction)
        guard flow.headersLeft, !stream.isReplying else { return nil }
        return .forward(flow.headers ?? HeaderMap())
    }

    private func bodyOutcome(_ stream: HTTPStream, _ direction: Direction, isLast: Bool) -> BodyOutcome? {
        if let reply = endReply(stream) { return .localReply(reply) }
        let flow = stream.message(direction)
        guard !stream.isReplying, !isLast || flow.bodyLeft else { return nil }
        return .forward(flow.takeOutput())
    }

    private func trailersOutcome(_ stream: HTTPStream, _ direction: Direction) -> TrailersOutcome? {
        if let reply = endReply(stream) { return .localReply(reply) }
        let flow = stream.message(direction)
        guard !stream.isReplying, flow.trailersLeft else { return nil }
        return .forward(body: flow.takeOutput(), trailers: flow.trailers ?? HeaderMap())
    }
}

extension LocalReply {
    /// What calls after the end of a stream get.
    static let streamClosed = LocalReply(status: 500, details: "stream_closed", resetsStream: true)
}
