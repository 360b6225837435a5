import AirlockProxyWasm
import NIOCore
import Synchronization

/// The request body on its way to the upstream: each part goes through the filters when the upstream's connection asks for one.
struct Upload: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBodyChannel
    let filters: HTTPFilterStream?
    let interruption: Interruption

    /// Why the upload ended before the end of the body, for the task that waits for the response.
    final class Interruption: Sendable {
        private let cause = Mutex<(any Error)?>(nil)

        var error: (any Error)? { cause.withLock { $0 } }

        fileprivate func note(_ error: any Error) { cause.withLock { $0 = $0 ?? error } }
    }

    func makeAsyncIterator() -> Iterator { Iterator(parts: body.makeAsyncIterator(), upload: self) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var parts: RequestBodyChannel.AsyncIterator
        fileprivate let upload: Upload
        private var isAtEnd = false

        fileprivate init(parts: RequestBodyChannel.AsyncIterator, upload: Upload) {
            self.parts = parts
            self.upload = upload
        }

        @concurrent mutating func next() async throws -> ByteBuffer? {
            do {
                return try await nextFiltered()
            } catch {
                upload.interruption.note(error)
                throw error
            }
        }

        @concurrent private mutating func nextFiltered() async throws -> ByteBuffer? {
            while !isAtEnd {
                let part = try await parts.next()
                try Task.checkCancellation()
                isAtEnd = part == nil
                guard let filters = upload.filters else { return part }
                let bytes = part.map { Array($0.readableBytesView) } ?? []
                switch await filters.requestBody(bytes, endOfStream: isAtEnd) {
                case .forward(let bytes) where !bytes.isEmpty: return ByteBuffer(bytes: bytes)
                case .forward: continue
                case .localReply(let reply): throw FilterReply(reply)
                }
            }
            return nil
        }
    }
}

/// A filter answered in place of the upstream.
struct FilterReply: Error {
    let reply: LocalReply

    init(_ reply: LocalReply) { self.reply = reply }
}
