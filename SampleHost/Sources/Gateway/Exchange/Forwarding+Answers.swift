import AirlockProxyWasm
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// The way back: an upstream's answer, or one of the gateway's own, through the filters to the client.
extension Forwarding {
    /// Sends an upstream's answer back.
    /// - Parameter isToHead: whether the upstream was asked with HEAD, whatever the client asked with.
    func sendBack(
        _ answer: HTTPClientResponse, toHead isToHead: Bool, through filters: HTTPFilterStream?, showsBody: Bool
    ) async throws {
        let status = Int(answer.status.code)
        var length = answer.headers.first(name: "content-length").flatMap(Int.init)
        // Whatever it says, nothing follows.
        let isBare = isToHead || status == 204 || status == 304
        let hasBody = !isBare && length != 0 && checked.method != "HEAD"
        var parts = answer.body.makeAsyncIterator()
        var shown: ShownBody?
        var next: (() async throws -> BodyPart?)?
        if showsBody, hasBody {
            next = {
                let part = try await parts.next(isolation: #isolation)
                shown = ShownBody(isWhole: part == nil)
                return BodyPart(part)
            }
        }
        let head = try await responseHead(
            HeaderMap(status: status, headers: answer.headers), through: filters, endOfStream: !hasBody,
            showingBody: next)
        // To a client that asked with HEAD the length is that of what would follow, as it is with 304.
        if isBare, checked.method != "HEAD", head.status != 304 { length = 0 }
        let changesLength = filters?.filtersResponseBody ?? false
        try await response.begin(
            status: head.status, headers: head.headers, length: changesLength && length != 0 ? nil : length)
        let passing = changesLength || shown != nil ? filters : nil
        // What passed the filters already comes with no more bytes.
        if let shown { try await send(ByteBuffer(), endOfStream: shown.isWhole, through: passing) }
        if shown?.isWhole != true {
            while let part = try await parts.next(isolation: #isolation) {
                try await send(part, endOfStream: false, through: passing)
            }
            try Task.checkCancellation()
            if hasBody { try await send(ByteBuffer(), endOfStream: true, through: passing) }
        }
        try await response.end()
    }

    /// Sends an answer of the gateway's own back.
    func sendBack(_ answer: RouteAnswer, through filters: HTTPFilterStream?, showsBody: Bool) async throws {
        var body = ByteBuffer(string: answer.body)
        let hasBody = body.readableBytes > 0 && checked.method != "HEAD"
        var shown = false
        var headers = answer.headers
        headers.add(name: "content-length", value: String(body.readableBytes))
        var next: (() async throws -> BodyPart?)?
        if showsBody, hasBody {
            let whole = BodyPart(Array(body.readableBytesView), endOfStream: true)
            next = {
                defer { shown = true }
                return shown ? nil : whole
            }
        }
        let head = try await responseHead(
            HeaderMap(status: answer.status, headers: headers), through: filters, endOfStream: !hasBody,
            showingBody: next)
        if let filters, hasBody, filters.filtersResponseBody || shown {
            let outcome = await filters.responseBody(shown ? [] : Array(body.readableBytesView), endOfStream: true)
            switch outcome {
            case .forward(let bytes): body = ByteBuffer(bytes: bytes)
            case .localReply(let reply): throw FilterReply(reply)
            }
        }
        try await response.send(status: head.status, headers: head.headers, body: body)
    }

    /// The head as the filters leave it.
    private func responseHead(
        _ map: HeaderMap, through filters: HTTPFilterStream?, endOfStream: Bool,
        showingBody next: (() async throws -> BodyPart?)?
    ) async throws -> (status: Int, headers: HTTPHeaders) {
        var map = map
        let status = map[":status"].flatMap(Int.init) ?? 200
        if let filters {
            let outcome: HeadersOutcome
            if let next {
                outcome = try await filters.responseHeaders(map, showingBody: next)
            } else {
                outcome = await filters.responseHeaders(map, endOfStream: endOfStream)
            }
            switch outcome {
            case .forward(let changed): map = changed
            case .localReply(let reply): throw FilterReply(reply)
            }
        }
        return (map[":status"].flatMap(Int.init) ?? status, HTTPHeaders(map))
    }

    private func send(_ part: ByteBuffer, endOfStream: Bool, through filters: HTTPFilterStream?) async throws {
        guard let filters else { return try await response.write(part) }
        switch await filters.responseBody(Array(part.readableBytesView), endOfStream: endOfStream) {
        case .forward(let bytes): try await response.write(ByteBuffer(bytes: bytes))
        case .localReply(let reply): throw FilterReply(reply)
        }
    }

    // MARK: Other endings

    /// Answers in place of the upstream where that is still possible.
    func conclude(
        after error: any Error, _ destination: Destination, _ filters: HTTPFilterStream?, showsBody: Bool
    ) async throws {
        guard !response.hasBegun else { throw error }
        switch error {
        case let error as FilterReply:
            try await send(error.reply)
        case let refusal as Refusal:
            try await refuse(refusal, filters, showsBody: showsBody)
        case RequestBodyError.tooLarge:
            let refusal = Refusal(.payloadTooLarge, "the body is larger than the gateway takes")
            try await refuse(refusal, filters, showsBody: showsBody)
        case RequestBodyError.malformed:
            let refusal = Refusal(.badRequest, "the body is not well formed")
            try await refuse(refusal, filters, showsBody: showsBody)
        case RequestBodyError.clientGone, is CancellationError:
            throw error
        default:
            try Task.checkCancellation()
            guard case .upstream(let upstream) = destination else { throw error }
            metrics.upstreamFailed(upstream.name)
            let refusal = UpstreamFailure.refusal(for: error, upstream: upstream.name)
            try await refuse(refusal, filters, showsBody: showsBody)
        }
    }

    /// Answers that the gateway itself refuses the request, which response filters see as they see other answers.
    private func refuse(_ refusal: Refusal, _ filters: HTTPFilterStream?, showsBody: Bool) async throws {
        if refusal.closesConnection { response.closeAfterwards() }
        do {
            try await sendBack(RouteAnswer(refusal), through: filters, showsBody: showsBody)
        } catch let error as FilterReply where !response.hasBegun {
            try await send(error.reply)
        }
    }

    private func send(_ reply: LocalReply) async throws {
        guard !reply.resetsStream else { throw FilterReply(reply) }
        try await response.send(
            status: Int(reply.status), headers: HTTPHeaders(reply.headers), body: ByteBuffer(bytes: reply.body)
        )
    }
}
