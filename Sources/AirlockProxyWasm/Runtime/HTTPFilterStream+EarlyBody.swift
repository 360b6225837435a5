/// A part of a message's body.
public struct BodyPart: Sendable, Equatable {
    /// The bytes; may be none.
    public var bytes: [UInt8]
    /// Whether it is the last part.
    public var endOfStream: Bool

    /// Makes a part.
    public init(_ bytes: [UInt8], endOfStream: Bool) {
        self.bytes = bytes
        self.endOfStream = endOfStream
    }
}

/// Headers with a body behind them that filters may want to see first; see ``FilterConfiguration/allowOnHeadersStopIteration``.
extension HTTPFilterStream {
    /// Hands a request's headers to the filters, and its body to those that hold the headers back until they have seen of it.
    ///
    /// - Parameter next: reads the next part of the body, or nil where there is none to be had. It is called while a filter wants to see
    ///   body, and not after the last part. Filters that let go of the headers meanwhile, or answer the request, are noticed when it
    ///   returns.
    /// - Returns: As ``requestHeaders(_:endOfStream:)``. Hand the rest of the body over as ever, starting with
    ///   `requestBody([], endOfStream: false)`, or `true` where `next` gave the last part: it returns what has passed the filters already.
    public func requestHeaders<Failure: Error>(
        _ headers: HeaderMap, showingBody next: () async throws(Failure) -> BodyPart?
    ) async throws(Failure) -> HeadersOutcome {
        try await self.headers(.request, headers, showingBody: next)
    }

    /// Hands a response's headers to the filters, and its body to those that hold the headers back until they have seen of it; as
    /// ``requestHeaders(_:showingBody:)``.
    public func responseHeaders<Failure: Error>(
        _ headers: HeaderMap, showingBody next: () async throws(Failure) -> BodyPart?
    ) async throws(Failure) -> HeadersOutcome {
        try await self.headers(.response, headers, showingBody: next)
    }

    private func headers<Failure: Error>(
        _ direction: Direction, _ headers: HeaderMap, showingBody next: () async throws(Failure) -> BodyPart?
    ) async throws(Failure) -> HeadersOutcome {
        guard let loop else { return .forward(headers) }
        let id = id
        var isAtEnd = false
        var outcome = await loop.run { $0.headers(id, direction, headers, endOfStream: false) }
        while true {
            if let outcome { return outcome }
            if !isAtEnd, await loop.run({ $0.wantsBody(id, direction) }) {
                guard let part = try await next() else {
                    isAtEnd = true
                    continue
                }
                isAtEnd = part.endOfStream
                outcome = await loop.run {
                    $0.earlyBody(id, direction, part.bytes, endOfStream: part.endOfStream)
                }
            } else {
                outcome = await loop.waitForHeaders(id, direction, orBody: !isAtEnd)
            }
        }
    }
}
