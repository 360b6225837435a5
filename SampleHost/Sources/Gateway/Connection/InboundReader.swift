import AsyncAlgorithms
import NIOCore
import NIOHTTP1

/// What the reader of a connection hands to the one who answers.
enum InboundMessage: Sendable {
    case request(HTTPRequestHead, RequestBodyChannel)
    /// The bytes that came cannot be answered otherwise; the connection ends after that.
    case refused(HTTPResponseStatus)
}

/// Why a request body ended early.
enum RequestBodyError: Error {
    /// More bytes than ``RequestBounds/body``.
    case tooLarge
    /// What came is not HTTP/1.1, or trailers passed the bounds for headers.
    case malformed
    /// The client closed its side of the connection.
    case clientGone
}

/// Reads one connection as long as the client sends, at most one message ahead of the answers, so that a client that goes away is noticed
/// while its request is in progress.
struct InboundReader {
    let requests: AsyncChannel<InboundMessage>
    let bodyLimit: Int

    /// - Throws: ``RequestBodyError/clientGone`` at the end of the connection, which ends the request in progress.
    func read(_ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>) async throws {
        var body: RequestBodyChannel?
        var received = 0
        defer { requests.finish() }
        do {
            for try await part in inbound {
                switch part {
                case .head(let head):
                    let next = RequestBodyChannel()
                    body = next
                    received = 0
                    await requests.send(.request(head, next))
                case .body(let buffer):
                    received += buffer.readableBytes
                    if received <= bodyLimit {
                        await body?.send(buffer)
                    } else if received - bodyLimit <= Self.lingering {
                        body?.fail(RequestBodyError.tooLarge)
                    } else {
                        return
                    }
                case .end:
                    if received <= bodyLimit { body?.complete() }
                    body = nil
                }
            }
        } catch let error as HTTPParserError {
            if let body {
                body.fail(RequestBodyError.malformed)
            } else {
                await requests.send(.refused(error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest))
            }
            return
        } catch {}
        body?.fail(RequestBodyError.clientGone)
        throw RequestBodyError.clientGone
    }

    /// How many bytes of a body that is too large are read and dropped so that the client gets to read its answer.
    private static let lingering = 8 << 20
}
