import WorkerLoop

/// The two directions of a stream.
enum Direction: Sendable {
    /// From the client to the upstream: a request, or a connection's downstream data.
    case request
    /// From the upstream to the client: a response, or a connection's upstream data.
    case response
}

/// How far what goes in one direction has got through the filters. Positions count filters in the order in which they see it.
class Flow {
    final let direction: Direction
    /// Whether the end has come in.
    final var hasEnded = false
    /// Whether all of the body, or of the data, is past the last filter.
    final var bodyLeft = false
    /// Bytes that are past the last filter and were not handed out yet.
    final var output: [UInt8] = []
    /// Bytes that came in.
    final var bodyBytes = 0
    /// Which filter the server waits for, and since when; a filter that lets only other things happen meanwhile gets no more time.
    final var waitsFor: (filter: FilterID, since: MonotonicInstant)?
    /// Calls of the server that wait for something to go on.
    final var waiters: [CheckedContinuation<Void, Never>] = []

    init(_ direction: Direction) {
        self.direction = direction
    }

    final func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }
}
