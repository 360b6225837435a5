import AirlockProxyWasm
import NIOCore
import Synchronization

/// The request body on its way to the upstream: each part goes through the filters when the upstream's connection asks for one.
struct Upload: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBodyChannel
    let filters: HTTPFilterStream?
    /// What the filters saw of the body while they held the headers back.
    let shown: ShownBody?
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
        private var shown: ShownBody?

        fileprivate init(parts: RequestBodyChannel.AsyncIterator, upload: Upload) {
            self.parts = parts
            self.upload = upload
            shown = upload.shown
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
                let bytes: [UInt8]
                let filters = upload.filters
                if let shown, filters != nil {
                    // What passed the filters already comes with no more bytes.
                    self.shown = nil
                    isAtEnd = shown.isWhole
                    bytes = []
                } else {
                    let part = try await parts.next()
                    try Task.checkCancellation()
                    isAtEnd = part == nil
                    guard filters != nil else { return part }
                    bytes = part.map { Array($0.readableBytesView) } ?? []
                }
                guard let filters else { return nil }
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

/// That filters saw of a body already, before the headers went on.
struct ShownBody: Sendable {
    /// Whether there is no more of it.
    let isWhole: Bool
}

/// A filter answered in place of the upstream.
struct FilterReply: Error {
    let reply: LocalReply

    init(_ reply: LocalReply) { self.reply = reply }
}
