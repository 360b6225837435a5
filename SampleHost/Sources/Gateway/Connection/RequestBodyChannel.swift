import AsyncAlgorithms
import NIOCore

/// The body of one request on its way from the connection to whoever sends it on: a part is taken before the next is read.
struct RequestBodyChannel: Sendable, AsyncSequence {
    typealias Element = ByteBuffer

    private let parts = AsyncThrowingChannel<ByteBuffer, any Error>()

    /// Waits until the part is taken or nobody wants it any more.
    func send(_ part: ByteBuffer) async { await parts.send(part) }

    /// The request was received completely, or nobody wants more of the body; parts that still come are dropped.
    func finish() { parts.finish() }

    /// The rest of the request will not come.
    func fail(_ error: any Error) { parts.fail(error) }

    func makeAsyncIterator() -> AsyncThrowingChannel<ByteBuffer, any Error>.AsyncIterator { parts.makeAsyncIterator() }
}
