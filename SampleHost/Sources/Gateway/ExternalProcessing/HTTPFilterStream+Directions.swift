import AirlockProxyWasm

/// The two messages of a stream.
enum ProcessingDirection: String, Sendable, CustomStringConvertible {
    case request
    case response

    var description: String { rawValue }
}

/// Passing a part of either message; what takes the place of the message is thrown.
extension HTTPFilterStream {
    func pass(
        _ headers: HeaderMap, of direction: ProcessingDirection, endOfStream: Bool
    ) async throws(FilterReply) -> HeaderMap {
        let outcome =
            switch direction {
            case .request: await requestHeaders(headers, endOfStream: endOfStream)
            case .response: await responseHeaders(headers, endOfStream: endOfStream)
            }
        switch outcome {
        case .forward(let headers): return headers
        case .localReply(let reply): throw FilterReply(reply)
        }
    }

    /// - Parameter next: as for `requestHeaders(_:showingBody:)`.
    func pass(
        _ headers: HeaderMap, of direction: ProcessingDirection, showingBody next: () async -> BodyPart?
    ) async throws(FilterReply) -> HeaderMap {
        let outcome =
            switch direction {
            case .request: await requestHeaders(headers, showingBody: next)
            case .response: await responseHeaders(headers, showingBody: next)
            }
        switch outcome {
        case .forward(let headers): return headers
        case .localReply(let reply): throw FilterReply(reply)
        }
    }

    func pass(
        _ bytes: [UInt8], of direction: ProcessingDirection, endOfStream: Bool
    ) async throws(FilterReply) -> [UInt8] {
        let outcome =
            switch direction {
            case .request: await requestBody(bytes, endOfStream: endOfStream)
            case .response: await responseBody(bytes, endOfStream: endOfStream)
            }
        switch outcome {
        case .forward(let bytes): return bytes
        case .localReply(let reply): throw FilterReply(reply)
        }
    }

    func pass(
        trailers: HeaderMap, of direction: ProcessingDirection
    ) async throws(FilterReply) -> (body: [UInt8], trailers: HeaderMap) {
        let outcome =
            switch direction {
            case .request: await requestTrailers(trailers)
            case .response: await responseTrailers(trailers)
            }
        switch outcome {
        case .forward(let body, let trailers): return (body, trailers)
        case .localReply(let reply): throw FilterReply(reply)
        }
    }
}
