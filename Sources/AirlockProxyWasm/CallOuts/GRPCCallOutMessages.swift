import Synchronization

/// The messages that a filter sends in a gRPC call, as far as they were not taken yet. For one reader.
public struct GRPCCallOutMessages: AsyncSequence, Sendable {
    let line: GRPCMessageLine

    /// Takes the messages one after another; nil after the last one, and in a cancelled task.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate var messages: AsyncStream<[UInt8]>.Iterator
        fileprivate let line: GRPCMessageLine

        /// The next message.
        public mutating func next() async -> [UInt8]? {
            await next(isolation: #isolation)
        }

        /// The next message.
        public mutating func next(isolation actor: isolated (any Actor)?) async -> [UInt8]? {
            guard let message = await messages.next(isolation: actor) else { return nil }
            line.wasTaken(message)
            return message
        }
    }

    /// Makes the reader.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(messages: line.messages.makeAsyncIterator(), line: line)
    }
}

/// A filter's messages on their way from the worker loop to the client, which may be slower.
final class GRPCMessageLine: Sendable {
    /// What a message counts beside its bytes, so that empty ones count too.
    private static let overhead = 64

    fileprivate let messages: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let waitingBytes = Atomic<Int>(0)
    private let limit: Int

    /// - Parameter limit: the most bytes that wait, but that one message always may.
    init(limit: Int) {
        self.limit = limit
        (messages, continuation) = AsyncStream.makeStream()
    }

    /// Whether there is room for a message of so many bytes.
    func hasRoom(for count: Int) -> Bool {
        let waiting = waitingBytes.load(ordering: .relaxed)
        return waiting == 0 || waiting + count + Self.overhead <= limit
    }

    func append(_ message: [UInt8]) {
        waitingBytes.add(message.count + Self.overhead, ordering: .relaxed)
        continuation.yield(message)
    }

    /// Ends the filter's side of the call.
    func finish() {
        continuation.finish()
    }

    fileprivate func wasTaken(_ message: [UInt8]) {
        waitingBytes.subtract(message.count + Self.overhead, ordering: .relaxed)
    }
}
