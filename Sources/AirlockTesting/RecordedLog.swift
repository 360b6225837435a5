public import Logging
import Synchronization

/// What was written to a log, to look at and to wait for in a test.
public final class RecordedLog: Sendable {
    /// One message.
    public struct Line: Sendable, Equatable {
        /// Its level.
        public var level: Logger.Level
        /// Its text.
        public var message: String
        /// The metadata of the logger and of the message, as text.
        public var metadata: [String: String]
        /// Where it came from, as `source` of the call that logged it.
        public var source: String
    }

    private struct Waiter {
        let count: Int
        let matches: @Sendable (Line) -> Bool
        var found: [Line]
        let continuation: CheckedContinuation<[Line], Never>

        var isDone: Bool { found.count >= count }
    }

    private struct State {
        var lines: [Line] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())

    /// Makes a log without messages.
    public init() {}

    /// A logger that writes here.
    public func logger(level: Logger.Level = .trace) -> Logger {
        var logger = Logger(label: "airlock.testing") { _ in RecordingHandler(log: self) }
        logger.logLevel = level
        return logger
    }

    /// The messages until now.
    public var lines: [Line] { state.withLock { $0.lines } }

    /// The first message that `matches`, waiting for it if need be. The same holds as for `lines(_:where:)`.
    public func first(where matches: @escaping @Sendable (Line) -> Bool) async -> Line {
        await lines(1, where: matches)[0]
    }

    /// The first `count` messages that match, in their order, waiting for those that were not yet written.
    ///
    /// A cancelled task waits on.
    ///
    /// - Parameters:
    ///   - count: how many; there is nothing to wait for below one.
    ///   - matches: asked once about each message until there are enough, by whoever writes it and one message at a time. It must neither
    ///     write to
    ///     this log nor look at it.
    public func lines(_ count: Int, where matches: @escaping @Sendable (Line) -> Bool) async -> [Line] {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state -> [Line]? in
                var found: [Line] = []
                for line in state.lines where found.count < count && matches(line) { found.append(line) }
                if found.count >= count { return found }
                state.waiters.append(Waiter(count: count, matches: matches, found: found, continuation: continuation))
                return nil
            }
            if let found { continuation.resume(returning: found) }
        }
    }

    fileprivate func append(_ line: Line) {
        let done = state.withLock { state in
            state.lines.append(line)
            for index in state.waiters.indices where state.waiters[index].matches(line) {
                state.waiters[index].found.append(line)
            }
            defer { state.waiters.removeAll(where: \.isDone) }
            return state.waiters.filter(\.isDone)
        }
        for waiter in done { waiter.continuation.resume(returning: waiter.found) }
    }
}

private struct RecordingHandler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = metadata.merging(event.metadata ?? [:]) { $1 }
        log.append(
            RecordedLog.Line(
                level: event.level,
                message: "\(event.message)",
                metadata: metadata.mapValues { "\($0)" },
                source: event.source
            )
        )
    }
}
