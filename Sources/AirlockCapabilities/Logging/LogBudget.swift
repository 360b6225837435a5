import Logging
import Synchronization

/// The bytes per second of one granted log: a token bucket, and the count of what did not fit.
final class LogBudget: Sendable {
    private struct Suppressed {
        var messages = 0
        var bytes = 0
    }

    private struct State {
        var tokens: Double
        var filled = Duration.zero
        var suppressed: [String: Suppressed] = [:]
        var isSummaryDue = false
    }

    let limits: LogLimits
    private let logger: Logger
    let clock: LogClock
    private let state: Mutex<State>

    init(_ limits: LogLimits, logger: Logger, clock: LogClock) {
        self.limits = limits
        self.logger = logger
        self.clock = clock
        state = Mutex(State(tokens: Double(limits.bytesPerSecond), filled: clock.elapsed()))
    }

    deinit {
        writeSummaries(state.withLock { $0.suppressed })
    }

    /// Whether a message may be written now. If so, what was suppressed before it is told first.
    func admits(_ bytes: Int, of plugin: String) -> Bool {
        let now = clock.elapsed()
        let (isOpen, suppressed) = state.withLock { state -> (Bool, Suppressed?) in
            let gained = (now - state.filled) / .seconds(1) * Double(limits.bytesPerSecond)
            state.tokens = min(Double(limits.bytesPerSecond), state.tokens + max(0, gained))
            state.filled = max(now, state.filled)
            guard state.tokens > 0 else { return (false, nil) }
            let suppressed = state.suppressed.removeValue(forKey: plugin)
            if suppressed != nil { state.tokens -= Double(2 * LogLimits.bytesPerLine) }
            return (true, suppressed)
        }
        if let suppressed { writeSummaries([plugin: suppressed]) }
        return isOpen
    }

    /// Takes what a message had.
    func spend(_ bytes: Int) {
        state.withLock { $0.tokens -= Double(bytes) }
    }

    /// Counts a message that is not written, and sees to it that its number is.
    func suppress(_ bytes: Int, of plugin: String) {
        let isFirst = state.withLock { state in
            state.suppressed[plugin, default: Suppressed()].messages += 1
            state.suppressed[plugin, default: Suppressed()].bytes += bytes
            defer { state.isSummaryDue = true }
            return !state.isSummaryDue
        }
        guard isFirst else { return }
        let clock = clock
        Task { [weak self] in
            // A sleep that was cancelled ends early, which does no harm.
            try? await clock.sleep(.seconds(1))
            self?.summarize()
        }
    }

    private func summarize() {
        writeSummaries(
            state.withLock { state in
                defer {
                    state.suppressed = [:]
                    state.isSummaryDue = false
                }
                return state.suppressed
            })
    }

    /// A line for each plugin. One that comes with a message is charged to the budget; others come at most once a second.
    private func writeSummaries(_ suppressed: [String: Suppressed]) {
        for (plugin, count) in suppressed.sorted(by: { $0.key < $1.key }) {
            logger.warning(
                "[… \(count.messages) messages (\(count.bytes) bytes) suppressed]",
                metadata: [
                    "plugin": "\(plugin)",
                    "suppressed-messages": "\(count.messages)",
                    "suppressed-bytes": "\(count.bytes)",
                ],
                source: "plugin"
            )
        }
    }
}

/// A clock of whatever type, as far as a budget needs one.
struct LogClock: Sendable {
    let elapsed: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void

    init(_ clock: some _Concurrency.Clock<Duration>) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleep = { duration in try await clock.sleep(for: duration) }
    }
}
