import AsyncAlgorithms
import NIOCore
import Synchronization

/// The body of one request on its way from the connection to whoever sends it on: a part is taken before the next is read.
struct RequestBodyChannel: Sendable, AsyncSequence {
    typealias Element = ByteBuffer

    private let parts = AsyncThrowingChannel<ByteBuffer, any Error>()
    private let progress = Progress()

    private final class Progress: Sendable {
        let isComplete = Atomic(false)
    }

    /// Waits until the part is taken or nobody wants it any more.
    func send(_ part: ByteBuffer) async { await parts.send(part) }

    /// The request was received completely.
    func complete() {
        progress.isComplete.store(true, ordering: .relaxed)
        parts.finish()
    }

    /// The rest of the request will not come.
    func fail(_ error: any Error) { parts.fail(error) }

    /// Nobody wants more of the body; parts that still come are dropped. Returns whether it was received completely.
    func stop() -> Bool {
        parts.finish()
        return progress.isComplete.load(ordering: .relaxed)
    }

    func makeAsyncIterator() -> AsyncThrowingChannel<ByteBuffer, any Error>.AsyncIterator { parts.makeAsyncIterator() }
}
