import Airlock
import Logging
import Synchronization
import WorkerLoop

/// The bytes per second of one granted log, and the count of what did not fit.
final class LogBudget: Sendable {
    private struct Suppressed {
        var messages = 0
        var bytes = 0
    }

    private struct State {
        var bucket: TokenBucket
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
        let rate = QuotaRate(UInt64(clamping: limits.bytesPerSecond))
        state = Mutex(State(bucket: TokenBucket(rate, now: clock.nanoseconds)))
    }

    deinit {
        writeSummaries(state.withLock { $0.suppressed })
    }

    /// Whether a message may be written now. If so, what was suppressed before it is told first.
    func admits(_ bytes: Int, of plugin: String) -> Bool {
        let now = clock.nanoseconds
        let (isOpen, suppressed) = state.withLock { state -> (Bool, Suppressed?) in
            state.bucket.refill(now: now)
            guard state.bucket.level > 0 else { return (false, nil) }
            let suppressed = state.suppressed.removeValue(forKey: plugin)
            if suppressed != nil { state.bucket.charge(Double(2 * LogLimits.bytesPerLine), now: now) }
            return (true, suppressed)
        }
        if let suppressed { writeSummaries([plugin: suppressed]) }
        return isOpen
    }

    /// Takes what a message had.
    func spend(_ bytes: Int) {
        let now = clock.nanoseconds
        state.withLock { $0.bucket.charge(Double(bytes), now: now) }
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
    private let elapsed: @Sendable () -> Duration
    let sleep: @Sendable (Duration) async throws -> Void

    init(_ clock: some _Concurrency.Clock<Duration>) {
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        sleep = { duration in try await clock.sleep(for: duration) }
    }

    /// The time since this was made.
    var nanoseconds: UInt64 { elapsed().wholeNanoseconds }
}
