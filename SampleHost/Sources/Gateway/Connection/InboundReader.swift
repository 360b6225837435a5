import NIOCore
import NIOHTTP1

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
    let requests: RequestQueue
    let bodyLimit: Int

    /// - Throws: ``RequestBodyError/clientGone`` at the end of the connection, which ends the request in progress.
    func read(_ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>) async throws {
        var body: RequestBodyChannel?
        var received = 0
        defer { requests.end() }
        var dropped = 0
        do {
            for try await part in inbound {
                if requests.hasEnded {
                    guard case .body(let buffer) = part else { continue }
                    dropped += buffer.readableBytes
                    guard dropped <= Self.lingering else { return }
                    continue
                }
                switch part {
                case .head(let head):
                    let next = RequestBodyChannel(isEmpty: !head.announcesBody)
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
                    if received <= bodyLimit { body?.finish() }
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

    /// How many bytes are read and dropped after the last answer, or of a body that is too large, so that the client gets to read its
    /// answer.
    private static let lingering = 8 << 20
}

extension HTTPRequestHead {
    /// Whether a body follows (RFC 9112, section 6.3).
    fileprivate var announcesBody: Bool {
        headers.contains(name: "content-length") || headers.contains(name: "transfer-encoding")
    }
}
