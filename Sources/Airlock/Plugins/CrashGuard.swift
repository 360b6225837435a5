import Synchronization
import WorkerLoop

/// Watches one plugin for crash loops, over all its worker loops.
package final class CrashGuard: Sendable {
    package enum Verdict: Equatable {
        case goesOn
        case paused(for: Duration)
        case quarantined
    }

    private struct State {
        /// When the latest failures were, in nanoseconds; as many as make a crash loop at the most.
        var failures: [UInt64] = []
        var loopsInARow = 0
        var pausedUntil: UInt64 = 0
        var isQuarantined = false
    }

    private let policy: CrashLoopPolicy
    private let state = Mutex(State())
    /// Whether a call has to look closer.
    private let isClosed = Atomic<Bool>(false)

    package init(_ policy: CrashLoopPolicy) {
        self.policy = policy
    }

    package var isQuarantined: Bool { state.withLock(\.isQuarantined) }

    /// Throws while the plugin is not to be run.
    package func check(
        plugin: String, version: Int, now: @autoclosure () -> UInt64 = MonotonicInstant.now.nanoseconds
    ) throws(PluginError) {
        guard isClosed.load(ordering: .relaxed) else { return }
        let now = now()
        let refusal: PluginError? = state.withLock { state in
            if state.isQuarantined {
                return PluginError(
                    .quarantined, plugin: plugin, version: version,
                    message:
                        "the plugin failed in \(state.loopsInARow) crash loops in a row and waits to be readmitted or replaced"
                )
            }
            guard now < state.pausedUntil else {
                isClosed.store(false, ordering: .relaxed)
                return nil
            }
            var error = PluginError(
                .quarantined, plugin: plugin, version: version,
                message: "the plugin failed \(policy.failures) times within \(policy.window) and is paused")
            error.retryAfter = .nanoseconds(Int64(clamping: state.pausedUntil - now))
            return error
        }
        if let refusal { throw refusal }
    }

    /// Counts a failure that ended an instance.
    package func note(now: UInt64 = MonotonicInstant.now.nanoseconds) -> Verdict {
        state.withLock { state in
            guard !state.isQuarantined, now >= state.pausedUntil else { return .goesOn }
            let window = policy.window.wholeNanoseconds
            state.failures.removeAll { now - min(now, $0) > window }
            state.failures.append(now)
            guard state.failures.count >= policy.failures else { return .goesOn }
            state.failures = []
            let isInARow = state.loopsInARow > 0 && now - state.pausedUntil <= window
            state.loopsInARow = isInARow ? state.loopsInARow + 1 : 1
            isClosed.store(true, ordering: .relaxed)
            guard state.loopsInARow < policy.quarantineAfter else {
                state.isQuarantined = true
                return .quarantined
            }
            let doubled = policy.firstPause * (1 << min(20, state.loopsInARow - 1))
            let pause = min(doubled, policy.longestPause)
            state.pausedUntil = now.addingSaturated(pause.wholeNanoseconds)
            return .paused(for: pause)
        }
    }

    /// Forgets everything: the plugin runs again.
    package func readmit() {
        state.withLock { state in
            state = State()
            isClosed.store(false, ordering: .relaxed)
        }
    }
}
