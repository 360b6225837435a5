import AirlockProxyWasm
import AsyncAlgorithms
import ExternalProcessingMessages
import Foundation
import GRPCCore

/// A request or a response on its way through the filters: takes its parts in order and answers each.
struct ProcessedMessage: Sendable {
    fileprivate enum Stage {
        case headers
        case body
        case ended
    }

    private let direction: ProcessingDirection
    private let filters: HTTPFilterStream
    private let answers: ProcessingAnswers
    private let modes: ProcessingModes
    private var stage = Stage.headers
    /// Whether Envoy sent of the body.
    private var hasShownBody = false
    /// The length that Envoy has in the headers while it waits for the body.
    private var announcedLength: String?

    init(
        _ direction: ProcessingDirection, _ first: EnvoyProcessingRequest, filters: HTTPFilterStream,
        answers: ProcessingAnswers
    ) {
        self.direction = direction
        self.filters = filters
        self.answers = answers
        modes = ProcessingModes(first, filters)
    }

    /// Takes the parts until there are no more, or one cannot be taken.
    func run(_ parts: AsyncChannel<ProcessingPart>) async -> ProcessedHalf {
        var message = self
        var parts = parts.makeAsyncIterator()
        do {
            while let part = await parts.next(isolation: #isolation) {
                if case .headers(let headers) = part, message.stage == .headers, modes.isDuplex(direction) {
                    try await message.take(headers, before: &parts)
                } else {
                    try await message.take(part)
                }
            }
        } catch {
            return ProcessedHalf(message: message, error: error)
        }
        return ProcessedHalf(message: message)
    }

    private mutating func take(_ part: ProcessingPart) async throws {
        switch part {
        case .headers(let headers) where stage == .headers: try await take(headers)
        case .body(let body) where stage == .body: try await take(body)
        case .trailers(let trailers) where stage == .body: try await take(trailers)
        default: throw RPCError.outOfOrder("\(part.kind(direction)) came \(stage.spoken(direction))")
        }
    }

    // MARK: Headers

    private mutating func take(_ message: EnvoyHttpHeaders) async throws {
        let headers = try HeaderMap(message.headers, of: ProcessingPart.headers(message).kind(direction))
        stage = message.endOfStream ? .ended : .body
        let changed = try await filters.pass(headers, of: direction, endOfStream: message.endOfStream)
        try await answer(headers, changed, endOfStream: message.endOfStream)
    }

    /// Takes headers that Envoy sends the body behind without waiting for the answer, so that filters may see of it first.
    private mutating func take(
        _ message: EnvoyHttpHeaders, before parts: inout AsyncChannel<ProcessingPart>.Iterator
    ) async throws {
        guard !message.endOfStream else { return try await take(message) }
        let headers = try HeaderMap(message.headers, of: ProcessingPart.headers(message).kind(direction))
        stage = .body
        var (trailers, outOfOrder): (EnvoyHttpTrailers?, ProcessingPart?)
        let changed = try await filters.pass(headers, of: direction) {
            switch await parts.next(isolation: #isolation) {
            case .body(let body)? where stage == .body:
                hasShownBody = true
                if body.endOfStream { stage = .ended }
                return BodyPart(Array(body.body), endOfStream: body.endOfStream)
            case .trailers(let message)? where stage == .body: trailers = message
            case let part: outOfOrder = part
            }
            return nil
        }
        try await answer(headers, changed, endOfStream: false)
        if hasShownBody {
            // What passed the filters already comes with no more bytes.
            let isLast = stage == .ended
            try await answer(pieces: filters.pass([], of: direction, endOfStream: isLast), endOfStream: isLast)
        }
        if let trailers { try await take(trailers) }
        if let outOfOrder { try await take(outOfOrder) }
    }

    private mutating func answer(_ headers: HeaderMap, _ changed: HeaderMap, endOfStream: Bool) async throws {
        var changed = changed
        try check(changed, against: headers)
        // How long a body is is for Envoy to say, and where filters change one that it does not hold back, nobody knows yet.
        let length = headers["content-length"]
        let isKept = endOfStream || !modes.filtersBody(direction) || modes.holdsHeaders(direction)
        changed["content-length"] = isKept ? length : nil
        announcedLength = isKept ? length : nil

        var common = EnvoyCommonResponse()
        if let mutation = EnvoyHeaderMutation(from: headers, to: changed) { common.headerMutation = mutation }
        switch direction {
        case .request:
            common.clearRouteCache_p = filters.choosesRouteAnew
            try await answers.write(headers: common, direction, modes.override)
        case .response:
            answers.status = changed[":status"].flatMap(Int.init)
            try await answers.write(headers: common, direction, nil)
        }
    }

    /// What no server could send on is refused before Envoy finds out.
    private func check(_ changed: HeaderMap, against headers: HeaderMap) throws {
        guard direction == .request, [":path", ":method"].contains(where: { changed[$0] != headers[$0] }) else {
            return
        }
        do {
            _ = try UpstreamHead(changed)
        } catch {
            throw FilterReply(LocalReply(error))
        }
    }

    // MARK: Body

    private mutating func take(_ message: EnvoyHttpBody) async throws {
        hasShownBody = true
        let bytes = Array(message.body)
        // A body that Envoy holds back is all that filters get to see, whatever comes behind it.
        let isLast = message.endOfStream || modes.sendsOnce(direction)
        if isLast { stage = modes.sendsOnce(direction) && !message.endOfStream ? .body : .ended }
        let changed = try await filters.pass(bytes, of: direction, endOfStream: isLast)
        if modes.isDuplex(direction) { return try await answer(pieces: changed, endOfStream: isLast) }
        var common = EnvoyCommonResponse()
        if changed != bytes {
            common.bodyMutation.mutation = changed.isEmpty ? .clearBody_p(true) : .body(Data(changed))
            if announcedLength != nil, changed.count != bytes.count {
                common.headerMutation.setHeaders = [.init("content-length", String(changed.count), .replacing)]
            }
        }
        try await answers.write(body: common, direction)
    }

    /// Sends bytes on that are in the place of any number of parts; none where there are none yet.
    private func answer(pieces bytes: [UInt8], endOfStream: Bool) async throws {
        var rest = bytes[...]
        repeat {
            let piece = rest.prefix(Self.pieceSize)
            rest = rest.dropFirst(piece.count)
            guard !piece.isEmpty || endOfStream else { return }
            var common = EnvoyCommonResponse()
            common.bodyMutation.streamedResponse.body = Data(piece)
            common.bodyMutation.streamedResponse.endOfStream = endOfStream && rest.isEmpty
            try await answers.write(body: common, direction)
        } while !rest.isEmpty
    }

    /// What Envoy recommends as the most in one answer.
    private static let pieceSize = 64 << 10

    // MARK: Trailers

    private mutating func take(_ message: EnvoyHttpTrailers) async throws {
        let kind = ProcessingPart.trailers(message).kind(direction)
        let trailers = try HeaderMap(message.trailers, of: kind)
        stage = .ended
        // For the filters the message has ended with its body.
        if hasShownBody, modes.sendsOnce(direction) { return try await answers.write(trailers: nil, direction) }
        let (body, changed) = try await filters.pass(trailers: trailers, of: direction)
        if modes.isDuplex(direction) {
            try await answer(pieces: body, endOfStream: false)
        } else if !body.isEmpty {
            // Envoy has its answer to each part of the body, and takes no more.
            throw FilterReply(LocalReply(status: 500, details: "body_held_until_trailers", resetsStream: true))
        }
        try await answers.write(trailers: EnvoyHeaderMutation(from: trailers, to: changed), direction)
    }

    // MARK: The end

    /// Tells the filters that a body has ended which Envoy did not send here, and that none of them looks at.
    /// - Parameter missing: told where one of them does.
    func endUnseenBody(_ missing: MissingBodies?) async {
        guard stage == .body, !hasShownBody else { return }
        guard !modes.filtersBody(direction) else {
            missing?.note(direction)
            return
        }
        _ = try? await filters.pass([], of: direction, endOfStream: true)
    }
}

extension ProcessedMessage.Stage {
    /// Where in a message something came that should not.
    fileprivate func spoken(_ direction: ProcessingDirection) -> String {
        switch self {
        case .headers: "before \(direction)_headers; its header mode must be SEND"
        case .body: "after \(direction)_headers"
        case .ended: "after the end of the \(direction)"
        }
    }
}
