import Synchronization

/// One unit of work for a loop.
enum LoopJob {
    /// A job of an actor whose executor is the loop.
    case actor(UnownedJob)
    /// A job of a task that prefers the loop.
    case task(UnownedJob)
    /// A closure that was handed to the loop.
    case work(@Sendable () -> Void)
    /// What stays behind in a batch when its job was taken out.
    case taken
}

/// The jobs that wait for a loop, and how far the loop's shutdown has come.
///
/// Producers wake the loop once per burst: the first one that finds the wake flag down raises it and signals; the
/// loop lowers it again only when it finds the queue empty, under the lock. So while the flag is up there is at most
/// one signal under way, and when the loop has lowered it there is none. That is why the loop may close what it is
/// woken through as soon as it finds the queue empty during shutdown (and leaves the flag up for good).
final class JobQueue: Sendable {
    enum Phase {
        /// Everything is accepted.
        case running
        /// Only jobs that cannot be refused are accepted, and the loop's thread still runs them.
        case closing
        /// The loop's thread has ended; late jobs get a thread of their own.
        case ended
    }

    /// What the producer has to do after it appended a job.
    enum Duty {
        case none
        case wakeLoop
        case startLateThread
        case refused
    }

    private struct State {
        var jobs: [LoopJob] = []
        var wakeFlag = false
        var phase = Phase.running
        var lateThreadRuns = false
        var appendedBeforeClosing = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())
    /// Written under the lock only.
    private let appended = Atomic<Int>(0)
    /// Written only by the thread that runs the jobs.
    private let finished = Atomic<Int>(0)

    /// The jobs that wait or run.
    var count: Int {
        max(0, appended.load(ordering: .relaxed) - finished.load(ordering: .relaxed))
    }

    /// When a job is refused.
    enum Refusal {
        case never
        case onceClosing
        case afterEnd
    }

    @inline(__always)
    func append(_ job: LoopJob, refusal: Refusal) -> Duty {
        state.withLock { state in
            switch refusal {
            case .onceClosing where state.phase != .running, .afterEnd where state.phase == .ended:
                return .refused
            default:
                break
            }
            state.jobs.append(job)
            appended.store(appended.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
            if state.phase == .ended {
                return Self.lateDuty(&state)
            }
            return Self.wakeDuty(&state)
        }
    }

    /// Stops accepting what can be refused.
    func beginShutdown() -> Duty {
        state.withLock { state in
            guard state.phase == .running else {
                return .none
            }
            state.phase = .closing
            state.appendedBeforeClosing = appended.load(ordering: .relaxed)
            return Self.wakeDuty(&state)
        }
    }

    @inline(__always)
    private static func wakeDuty(_ state: inout State) -> Duty {
        guard !state.wakeFlag else {
            return .none
        }
        state.wakeFlag = true
        return .wakeLoop
    }

    private static func lateDuty(_ state: inout State) -> Duty {
        guard !state.lateThreadRuns else {
            return .none
        }
        state.lateThreadRuns = true
        return .startLateThread
    }

    // MARK: The side of the loop's thread

    enum Take {
        case jobs
        /// Nothing waits, and the wake flag is down.
        case empty
        /// Nothing waits and shutdown began: the loop must close. The wake flag stays up, so nobody signals any more.
        case close
    }

    /// Exchanges the waiting jobs for the (empty) buffer.
    @inline(__always)
    func take(into batch: inout [LoopJob]) -> Take {
        state.withLock { state in
            if state.jobs.isEmpty {
                if state.phase == .closing {
                    return .close
                }
                state.wakeFlag = false
                return .empty
            }
            swap(&batch, &state.jobs)
            return .jobs
        }
    }

    /// Whether shutdown began and every job from before it has run. Jobs that keep coming (a task that yields for
    /// ever, say) must not keep the loop from closing then.
    var mayCloseWithJobsLeft: Bool {
        state.withLock { state in
            state.phase == .closing && finished.load(ordering: .relaxed) >= state.appendedBeforeClosing
        }
    }

    /// Counts one job of the batch as run.
    @inline(__always)
    func finishJob() {
        finished.store(finished.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    }

    /// Ends the phase in which the loop's thread runs jobs, calls `release` under the lock, and tells whether jobs are
    /// left that need a late thread.
    func end(release: () -> Void) -> (duty: Duty, waiters: [CheckedContinuation<Void, Never>]) {
        state.withLock { state in
            release()
            state.phase = .ended
            let waiters = state.waiters
            state.waiters = []
            return (state.jobs.isEmpty ? .none : Self.lateDuty(&state), waiters)
        }
    }

    /// Takes the late jobs, or ends the late thread after `release` under the lock.
    func takeLate(into batch: inout [LoopJob], release: () -> Void) -> Bool {
        state.withLock { state in
            if state.jobs.isEmpty {
                release()
                state.lateThreadRuns = false
                return false
            }
            swap(&batch, &state.jobs)
            return true
        }
    }

    /// Suspends until the loop's thread has nothing left to do.
    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state in
                if state.phase == .ended {
                    return true
                }
                state.waiters.append(continuation)
                return false
            }
            if ended {
                continuation.resume()
            }
        }
    }
}
