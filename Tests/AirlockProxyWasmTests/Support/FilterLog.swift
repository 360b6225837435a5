import Logging
import Synchronization

/// What filters wrote to the log.
final class RecordedLog: Sendable {
    struct Line: Sendable, Equatable {
        var level: Logger.Level
        var message: String
        var filter: String?
        var isGuest: Bool
    }

    private struct Waiter {
        let message: String
        let count: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var lines: [Line] = []
        var waiters: [Waiter] = []

        func has(_ message: String, _ count: Int) -> Bool {
            lines.count(where: { $0.message == message }) >= count
        }
    }

    private let state = Mutex(State())

    var lines: [Line] { state.withLock { $0.lines } }

    /// Waits until a text has been written that often.
    func wait(for message: String, count: Int = 1) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.has(message, count) { return true }
                state.waiters.append(Waiter(message: message, count: count, continuation: continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// What filters wrote, without what the host itself has to say.
    var guestLines: [Line] { lines.filter(\.isGuest) }

    /// The texts that filters wrote.
    var messages: [String] { guestLines.map(\.message) }

    func logger(level: Logger.Level = .trace) -> Logger {
        var logger = Logger(label: "test") { _ in Handler(log: self) }
        logger.logLevel = level
        return logger
    }

    fileprivate func append(_ line: Line) {
        let done = state.withLock { state in
            state.lines.append(line)
            let waiters = state.waiters
            state.waiters = waiters.filter { !state.has($0.message, $0.count) }
            return waiters.filter { state.has($0.message, $0.count) }
        }
        for waiter in done { waiter.continuation.resume() }
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
            RecordedLog.Line(
                level: event.level, message: "\(event.message)", filter: metadata["filter"].map { "\($0)" },
                isGuest: event.source == "ProxyWasmGuest"))
    }
}
