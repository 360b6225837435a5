import AsyncAlgorithms
import NIOHTTP1
import Synchronization

/// What the reader of a connection hands to the one who answers.
enum InboundMessage: Sendable {
    case request(HTTPRequestHead, RequestBodyChannel)
    /// The bytes that came cannot be answered otherwise; the connection ends after that.
    case refused(HTTPResponseStatus)
}

/// The requests of one connection, handed over one at a time.
final class RequestQueue: Sendable {
    private let channel = AsyncChannel<InboundMessage>()
    private let ended = Atomic(false)

    /// Whether nobody will answer any more, or nobody will ask.
    var hasEnded: Bool { ended.load(ordering: .acquiring) }

    /// Waits until the request before this one was answered, or the queue ended.
    func send(_ message: InboundMessage) async { await channel.send(message) }

    /// The next request; nil when the queue ended.
    func next() async -> InboundMessage? {
        var iterator = channel.makeAsyncIterator()
        return await iterator.next()
    }

    /// Nothing is taken or asked any more.
    func end() {
        ended.store(true, ordering: .releasing)
        channel.finish()
    }
}
