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
        let matches: @Sendable (Line) -> Bool
        let continuation: CheckedContinuation<Line, Never>
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

    /// The first message that `matches`, waiting for it if need be.
    public func first(where matches: @escaping @Sendable (Line) -> Bool) async -> Line {
        await withCheckedContinuation { continuation in
            let found = state.withLock { state -> Line? in
                if let line = state.lines.first(where: matches) { return line }
                state.waiters.append(Waiter(matches: matches, continuation: continuation))
                return nil
            }
            if let found { continuation.resume(returning: found) }
        }
    }

    fileprivate func append(_ line: Line) {
        let done = state.withLock { state in
            state.lines.append(line)
            let done = state.waiters.filter { $0.matches(line) }
            state.waiters.removeAll { $0.matches(line) }
            return done
        }
        for waiter in done { waiter.continuation.resume(returning: line) }
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
