import Logging
import Synchronization

/// What filters wrote to the log.
final class RecordedLog: Sendable {
    struct Line: Sendable, Equatable {
        var level: Logger.Level
        var message: String
        var filter: String?
    }

    private let recorded = Mutex<[Line]>([])

    var lines: [Line] { recorded.withLock { $0 } }

    /// The texts that filters wrote, without what the host itself has to say.
    var messages: [String] { lines.filter { $0.filter != nil }.map(\.message) }

    func logger(level: Logger.Level = .trace) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = level
        return logger
    }

    fileprivate func append(_ line: Line) {
        recorded.withLock { $0.append(line) }
    }
}

private struct Handler: LogHandler {
    let log: RecordedLog
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.append(
            RecordedLog.Line(level: event.level, message: "\(event.message)", filter: metadata["filter"].map { "\($0)" }))
    }
}
