import AsyncAlgorithms
import NIOCore

/// The body of one request on its way from the connection to whoever sends it on: a part is taken before the next is read.
struct RequestBodyChannel: Sendable, AsyncSequence {
    typealias Element = ByteBuffer

    private typealias Parts = AsyncThrowingChannel<ByteBuffer, any Error>

    /// Nil where there are none.
    private let parts: Parts?

    /// A body that comes part by part, or none: most requests have none, and a channel costs as much as all of a small request.
    init(isEmpty: Bool) {
        parts = isEmpty ? nil : Parts()
    }

    /// Waits until the part is taken or nobody wants it any more.
    func send(_ part: ByteBuffer) async { await parts?.send(part) }

    /// The request was received completely, or nobody wants more of the body; parts that still come are dropped.
    func finish() { parts?.finish() }

    /// The rest of the request will not come.
    func fail(_ error: any Error) { parts?.fail(error) }

    func makeAsyncIterator() -> Iterator { Iterator(parts: parts?.makeAsyncIterator()) }

    struct Iterator: AsyncIteratorProtocol {
        fileprivate var parts: AsyncThrowingChannel<ByteBuffer, any Error>.AsyncIterator?

        @concurrent mutating func next() async throws -> ByteBuffer? { try await parts?.next() }
    }
}
