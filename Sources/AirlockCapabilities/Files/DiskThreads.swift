import Dispatch
import Synchronization
import WorkerLoop

/// Where file operations wait for the disk: a few threads that neither worker loops nor Swift's own tasks run on. Those of Dispatch would
/// not do, since it has as many as there are processors, and Swift's tasks run on the same ones. One grant does not get all of them, so
/// that a plugin which floods the disk, or waits for a slow one, leaves some to others.
final class DiskThreads: Sendable {
    struct Job: Sendable {
        let run: @Sendable () -> Void
        /// Called instead where the job is not run.
        let refuse: @Sendable (FileFailure) -> Void
    }

    private struct State {
        /// Threads that run jobs, or begin to.
        var running = 0
        /// Threads that wait for one.
        var idle = 0
        var schedule: DiskSchedule<Job>
    }

    /// Those of this process. Four, so that one slow file system does not take a thread for every call in flight.
    static let shared = DiskThreads(count: 4, perGrant: 2)

    /// A thread that had no job for so many seconds ends.
    private static let idleSeconds = 10

    private enum Step {
        case leave, refuse, wake, start
    }

    private let count: Int
    private let wake = DispatchSemaphore(value: 0)
    private let state: Mutex<State>
    private let numbers = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - perGrant: how many of the threads may run jobs of one grant.
    ///   - waitingPerGrant: how many jobs of a grant may wait for one.
    init(count: Int, perGrant: Int, waitingPerGrant: Int = 256) {
        self.count = count
        state = Mutex(State(schedule: DiskSchedule(runningPerGrant: perGrant, waitingPerGrant: waitingPerGrant)))
    }

    /// A place for one job. Grants that were narrowed from one count as that one.
    func place(for usage: FileUsage) -> DiskSchedule<Job>.Place {
        let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
        return DiskSchedule.Place(grant: ObjectIdentifier(usage.origin), number: number)
    }

    func submit(_ job: Job, at place: DiskSchedule<Job>.Place) {
        let step = state.withLock { state in
            guard state.schedule.add(job, at: place) else { return Step.refuse }
            guard state.schedule.hasNext, state.running < count else { return .leave }
            state.running += 1
            guard state.idle > 0 else { return .start }
            state.idle -= 1
            return .wake
        }
        switch step {
        case .leave: break
        case .refuse: job.refuse(.overloaded)
        case .wake: wake.signal()
        case .start: startThread()
        }
    }

    /// Takes back a job that no thread has begun, if it is one.
    func cancel(_ place: DiskSchedule<Job>.Place) {
        state.withLock { $0.schedule.remove(place) }?.refuse(.cancelled)
    }

    private func startThread() {
        do {
            _ = try LoopThread(name: "airlock-disk") { self.work() }
        } catch {
            // The system has no thread left. What no other one of these can run is refused.
            let stranded = state.withLock { state in
                state.running -= 1
                var jobs: [Job] = []
                while state.running == 0, let (job, grant) = state.schedule.next() {
                    jobs.append(job)
                    state.schedule.end(of: grant)
                }
                return jobs
            }
            for job in stranded { job.refuse(.overloaded) }
        }
    }

    private func work() {
        repeat {
            var ended: ObjectIdentifier?
            while let (job, grant) = next(after: ended) {
                job.run()
                ended = grant
            }
        } while isWoken()
    }

    /// A job that may run; with nil this thread is idle.
    private func next(after ended: ObjectIdentifier?) -> (job: Job, grant: ObjectIdentifier)? {
        state.withLock { state in
            if let ended { state.schedule.end(of: ended) }
            let next = state.schedule.next()
            if next == nil {
                state.running -= 1
                state.idle += 1
            }
            return next
        }
    }

    /// Waits as an idle thread, and says whether there is something to do again.
    private func isWoken() -> Bool {
        while wake.wait(timeout: .now() + .seconds(Self.idleSeconds)) == .timedOut {
            let ends = state.withLock { state in
                // With none idle any more, a signal is under way to this thread.
                guard state.idle > 0 else { return false }
                state.idle -= 1
                return true
            }
            if ends { return false }
        }
        return true
    }
}
