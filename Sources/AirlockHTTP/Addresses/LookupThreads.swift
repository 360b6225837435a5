import NIOPosix

/// Where lookups block: threads that neither Swift's tasks nor Dispatch, event loops or worker loops run on. They are made at the first
/// lookup.
enum LookupThreads {
    static let count = 64
    /// A quarter of them, and as many as a grant's concurrent requests by default.
    static let mostPerGrant = 16

    private static let slots = Slots(most: count)
    private static let threads: NIOThreadPool = {
        let threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
        return threads
    }()

    /// Runs `lookup` on one of the threads, and returns when it has ended.
    /// - Throws: ``HTTPEgressResult/overloaded`` where none is free, else what `lookup` throws.
    static func run(_ lookup: @escaping @Sendable () throws -> [IPAddress]) async throws -> [IPAddress] {
        guard slots.take() else { throw HTTPEgressResult.overloaded }
        // Not by the pool's own asynchronous function: it keeps something for each task that is cancelled while its work runs.
        return try await withCheckedThrowingContinuation { continuation in
            threads.submit { _ in
                let result = Result { try lookup() }
                slots.release()
                continuation.resume(with: result)
            }
        }
    }
}
