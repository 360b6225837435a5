import Dispatch
import Synchronization

/// Where file operations wait for the disk: a few threads that neither worker loops nor Swift's own tasks run on. One grant does not
/// get all of them, so that a plugin which floods the disk, or waits for a slow one, leaves some to others.
final class DiskThreads: Sendable {
    struct Job: Sendable {
        let run: @Sendable () -> Void
        /// Called instead where the job is not run.
        let refuse: @Sendable (FileFailure) -> Void
    }

    private struct State {
        var running = 0
        var schedule: DiskSchedule<Job>
    }

    /// Those of this process. Four, so that one slow file system does not take a thread for every call in flight.
    static let shared = DiskThreads(count: 4, perGrant: 2)

    private let count: Int
    private let queue = DispatchQueue(label: "airlock.files", attributes: .concurrent)
    private let state: Mutex<State>
    private let numbers = Atomic<UInt64>(0)

    /// - Parameters:
    ///   - perGrant: how many of the threads may run jobs of one grant.
    ///   - waitingPerGrant: how many jobs of a grant may wait for one.
    init(count: Int, perGrant: Int, waitingPerGrant: Int = 256) {
        self.count = count
        state = Mutex(State(schedule: DiskSchedule(runningPerGrant: perGrant, waitingPerGrant: waitingPerGrant)))
    }

    /// Runs `operation` on one of the threads, in the order of arrival among those of its grant. It does not begin after the task was
    /// cancelled, nor where too many of its grant wait already.
    func run<Value: Sendable>(
        for usage: FileUsage,
        _ operation: @escaping @Sendable () throws(FileFailure) -> Value
    ) async throws(FileFailure) -> Value {
        let place = place(for: usage)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, FileFailure>, Never>) in
                let job = Job {
                    continuation.resume(returning: Result(catching: operation))
                } refuse: { failure in
                    continuation.resume(returning: .failure(failure))
                }
                submit(job, at: place)
                // Where the task was cancelled before, its handler found no job.
                if Task.isCancelled { cancel(place) }
            }
        } onCancel: {
            cancel(place)
        }
        return try result.get()
    }

    /// A place for one job.
    func place(for usage: FileUsage) -> DiskSchedule<Job>.Place {
        DiskSchedule.Place(
            grant: ObjectIdentifier(usage), number: numbers.wrappingAdd(1, ordering: .relaxed).newValue)
    }

    func submit(_ job: Job, at place: DiskSchedule<Job>.Place) {
        let (isAdded, starts) = state.withLock { state in
            guard state.schedule.add(job, at: place) else { return (false, false) }
            guard state.running < count, state.schedule.hasNext else { return (true, false) }
            state.running += 1
            return (true, true)
        }
        guard isAdded else { return job.refuse(.overloaded) }
        if starts { queue.async { self.work() } }
    }

    /// Takes back a job that no thread has begun, if it is one.
    func cancel(_ place: DiskSchedule<Job>.Place) {
        state.withLock { $0.schedule.remove(place) }?.refuse(.cancelled)
    }

    /// Runs jobs until none is left that may run.
    private func work() {
        var ended: ObjectIdentifier?
        while let (job, grant) = next(after: ended) {
            job.run()
            ended = grant
        }
    }

    private func next(after ended: ObjectIdentifier?) -> (job: Job, grant: ObjectIdentifier)? {
        state.withLock { state in
            if let ended { state.schedule.end(of: ended) }
            guard let next = state.schedule.next() else {
                state.running -= 1
                return nil
            }
            return next
        }
    }
}
