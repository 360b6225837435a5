import AirlockProxyWasm
import AsyncAlgorithms
import ExternalProcessingMessages
import GRPCCore

/// One HTTP request of an Envoy and the response to it, on their way through the filters.
struct ProcessedStream {
    typealias Messages = AsyncThrowingChannel<EnvoyProcessingRequest, any Error>

    let chain: HTTPFilterChain
    let terms: ProcessingTerms
    let writer: RPCWriter<EnvoyProcessingResponse>

    /// Serves the stream until Envoy ends it or a filter answers the request.
    ///
    /// - Throws: `RPCError` where the messages are not those of the protocol.
    func run(_ messages: Messages) async throws {
        var iterator = messages.makeAsyncIterator()
        guard let first = try await iterator.next() else { return }
        guard case .requestHeaders(let head)? = first.request else {
            throw RPCError.outOfOrder("expected request_headers first, found \(first.kind)")
        }
        try first.checkModes()
        let headers = try HeaderMap(head.headers, of: first.kind)
        let answers = ProcessingAnswers(writer: first.observabilityMode ? nil : writer)
        let timing = terms.metrics.requestBegins()
        defer { terms.metrics.requestEnds(timing, status: answers.status) }
        if let refusal = terms.bounds.refusal(of: headers) { return try await answers.write(refusal) }

        let attributes = StreamAttributes(first, headers)
        let filters = await chain.openStream(attributes, routedBy: terms.canaryKey.key(of: headers, attributes))
        let error = await pass(first, messages, through: filters, answers)
        do {
            if let reply = (error as? FilterReply)?.reply, !Task.isCancelled {
                try await answers.write(reply)
            } else if let error {
                throw error
            }
        } catch {
            await end(filters, headers, answers)
            throw error
        }
        await end(filters, headers, answers)
    }

    private func end(_ filters: HTTPFilterStream, _ headers: HeaderMap, _ answers: ProcessingAnswers) async {
        let report = await filters.finish()
        terms.metrics.streamEnds(report)
        terms.reporting(RequestReport(requestID: headers["x-request-id"], status: answers.status, filters: report))
    }

    /// Hands request and response to the filters, each at its own pace.
    /// - Returns: Why the stream ended before its end; nil where it did not.
    private func pass(
        _ first: EnvoyProcessingRequest, _ rest: Messages, through filters: HTTPFilterStream,
        _ answers: ProcessingAnswers
    ) async -> (any Error)? {
        let requests = AsyncChannel<ProcessingPart>()
        let responses = AsyncChannel<ProcessingPart>()
        return await withTaskGroup(of: ProcessedHalf.self) { tasks in
            for (direction, parts) in [(ProcessingDirection.request, requests), (.response, responses)] {
                let message = ProcessedMessage(direction, first, filters: filters, answers: answers)
                tasks.addTask { await message.run(parts) }
            }
            tasks.addTask {
                defer {
                    requests.finish()
                    responses.finish()
                }
                return await deliver(first, rest, requests, responses, filters)
            }
            var failure: (any Error)?
            for await half in tasks {
                failure = failure ?? half.error
                if half.error != nil { tasks.cancelAll() }
                // Envoy ends the stream when it needs nothing more, which need not be the end of the body.
                guard !(failure is FilterReply) else { continue }
                await half.message?.endUnseenBody(failure == nil ? terms.missing : nil)
            }
            return failure
        }
    }

    private func deliver(
        _ first: EnvoyProcessingRequest, _ rest: Messages, _ requests: AsyncChannel<ProcessingPart>,
        _ responses: AsyncChannel<ProcessingPart>, _ filters: HTTPFilterStream
    ) async -> ProcessedHalf {
        func deliver(_ message: EnvoyProcessingRequest) async throws {
            guard let (direction, part) = message.part else {
                throw RPCError.outOfOrder("expected a part of a request or a response, found none")
            }
            if case (.response, .headers) = (direction, part), let upstream = UpstreamAttributes(message) {
                await filters.setUpstream(upstream)
            }
            await (direction == .request ? requests : responses).send(part)
        }
        do {
            try await deliver(first)
            for try await message in rest { try await deliver(message) }
            return ProcessedHalf()
        } catch {
            return ProcessedHalf(error: error)
        }
    }
}

/// What a task of a stream ended with.
struct ProcessedHalf: Sendable {
    var message: ProcessedMessage?
    var error: (any Error)?
}
