import WorkerLoop

/// The server's calls for connections: it hands over what comes from one side, and takes what has passed the filters to the other.
extension FilterLoop {
    /// What a call gets; nil where it must wait.
    typealias Answer<Value> = Result<Value, ConnectionClosure>

    func begin(_ id: UInt64) -> Answer<Void>? {
        guard let stream = streams[id]?.tcp else { return .failure(.streamClosed) }
        stream.begin()
        settle()
        return beginAnswer(stream)
    }

    func waitForBegin(_ id: UInt64) async -> Answer<Void> {
        guard let stream = streams[id]?.tcp else { return .failure(.streamClosed) }
        while true {
            if let answer = beginAnswer(stream) {
                stream.downstream.waitsFor = nil
                return answer
            }
            await wait(stream, .request, since: stream.wakes)
        }
    }

    private func beginAnswer(_ stream: TCPStream) -> Answer<Void>? {
        if let closure = end(stream) { return .failure(closure) }
        return stream.isOpen ? .success(()) : nil
    }

    /// Hands bytes to the filters, or nothing where there is no room for them yet.
    func send(_ id: UInt64, _ direction: Direction, _ bytes: [UInt8], endOfStream: Bool) -> Answer<Void>? {
        guard let stream = streams[id]?.tcp else { return .failure(.streamClosed) }
        if let closure = end(stream) { return .failure(closure) }
        let flow = stream.flow(direction)
        guard stream.hasRoom(for: bytes.count, in: flow) else { return nil }
        stream.append(bytes, to: flow, endOfStream: endOfStream)
        settle()
        // Whoever waits for the other side's bytes learns of an end, too.
        if stream.hasFinished { wake(stream) } else { wake(stream, flow) }
        return end(stream).map { .failure($0) } ?? .success(())
    }

    func waitToSend(_ id: UInt64, _ direction: Direction, _ bytes: [UInt8], endOfStream: Bool) async -> Answer<Void> {
        while true {
            if let answer = send(id, direction, bytes, endOfStream: endOfStream) { return answer }
            guard let stream = streams[id]?.tcp else { return .failure(.streamClosed) }
            // Where it is not filters that keep too much, it is the other side that does not read.
            let flow = stream.flow(direction)
            let isTimed = stream.isFull(for: bytes.count, in: flow)
            await wait(stream, direction, since: stream.wakes, isTimed: isTimed)
            if !stream.isFull(for: bytes.count, in: flow) { flow.waitsFor = nil }
        }
    }

    /// The bytes that have passed the filters; none at the end.
    func receive(_ id: UInt64, _ direction: Direction) -> Answer<[UInt8]>? {
        guard let stream = streams[id]?.tcp else { return .failure(.streamClosed) }
        let flow = stream.flow(direction)
        if !flow.output.isEmpty {
            let bytes = stream.take(flow)
            wake(stream, flow)
            return .success(bytes)
        }
        if flow.bodyLeft { return .success([]) }
        return end(stream).map { .failure($0) }
    }

    func waitToReceive(_ id: UInt64, _ direction: Direction) async -> Answer<[UInt8]> {
        while true {
            if let answer = receive(id, direction) { return answer }
            guard let stream = streams[id]?.tcp else { return .failure(.streamClosed) }
            // How long a side takes to send more is not a filter's business.
            await wait(stream, direction, since: stream.wakes, isTimed: stream.flow(direction).hasEnded)
        }
    }

    /// The upstream went away: what waits goes on, by throwing.
    func cancelUpstream(_ id: UInt64) {
        guard let stream = streams[id]?.tcp else { return }
        stream.cancelUpstream()
        wake(stream)
    }

    private func end(_ stream: TCPStream) -> ConnectionClosure? {
        stream.closure ?? (stream.duration == nil ? nil : .streamClosed)
    }
}
