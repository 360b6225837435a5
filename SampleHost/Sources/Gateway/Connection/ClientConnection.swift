import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// One client's connection: HTTP/1.1 parsing with bounds, requests one after another, keep-alive.
struct ClientConnection: ServerChildChannel {
    typealias Value = AcceptedConnection<HTTPServerRequestPart, HTTPServerResponsePart>

    let exchange: Exchange
    let bounds: RequestBounds
    let workers: WorkerEventLoops

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = bounds.headerSize
            limits.maxHeaderListSize = bounds.headersSize
            limits.maxHeaderFieldCount = bounds.headerCount
            var encoder = HTTPResponseEncoder.Configuration()
            encoder.automaticallySetFramingHeaders = false
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(FlushGathering())
            try pipeline.addHandler(IdleStateHandler(readTimeout: TimeAmount(bounds.idle)))
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                withOutboundHeaderValidation: true,
                withEncoderConfiguration: encoder,
                withDecoderLimitConfiguration: limits
            )
            try pipeline.addHandler(RequestGate())
            return try AcceptedConnection(channel)
        }
    }

    /// Answers the requests of a connection, on the thread of its event loop.
    func handle(value accepted: Value, logger: Logger) async {
        await withTaskExecutorPreference(workers.executor(on: accepted.channel.eventLoop)) {
            await answer(accepted, logger)
        }
    }

    private func answer(_ accepted: Value, _ logger: Logger) async {
        let connection = accepted.take()
        let peers = ConnectionPeers(connection.channel)
        do {
            try await connection.executeThenClose { inbound, outbound in
                let requests = RequestQueue()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await InboundReader(requests: requests, bodyLimit: bounds.body).read(inbound) }
                    group.addTask { try await serve(requests, outbound, peers) }
                    while try await group.next() != nil {}
                }
            }
        } catch {
            logger.debug("connection ended", metadata: ["reason": "\(error)"])
        }
    }

    /// Answers the requests in their order. On return no more are answered; the reader goes on until the client closes too, so that an
    /// answer sent before the request was read completely is not lost in a connection reset.
    private func serve(
        _ requests: RequestQueue,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>,
        _ peers: ConnectionPeers
    ) async throws {
        defer { requests.end() }
        while let message = await requests.next() {
            switch message {
            case .refused(let status):
                let response = ClientResponse(outbound, to: nil)
                try await response.send(Refusal(status))
                return outbound.finish()
            case .request(let head, let body):
                let response = ClientResponse(outbound, to: head)
                try await exchange.answer(InboundRequest(head: head, body: body, peers: peers), with: response)
                body.finish()
                guard response.keepsAlive else { return outbound.finish() }
            }
        }
    }
}
