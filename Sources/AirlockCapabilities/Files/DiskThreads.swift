import Dispatch
import Synchronization

/// Where file operations wait for the disk: a few threads that neither worker loops nor Swift's own tasks run on. One grant does not
/// get all of them, so that a plugin which floods the disk, or waits for a slow one, leaves some to others.
final class DiskThreads: Sendable {
    private struct Job {
        let grant: ObjectIdentifier
        let run: @Sendable () -> Void
    }

    private struct State {
        var running = 0
        /// How many threads work for a grant, where any does.
        var busy: [ObjectIdentifier: Int] = [:]
        var waiting: [Job] = []
    }

    /// Those of this process. Four, so that one slow file system does not take a thread for every call in flight.
    static let shared = DiskThreads(count: 4, perGrant: 2)

    private let count: Int
    private let perGrant: Int
    private let queue = DispatchQueue(label: "airlock.files", attributes: .concurrent)
    private let state = Mutex(State())

    init(count: Int, perGrant: Int) {
        self.count = count
        self.perGrant = perGrant
    }

    /// Runs `operation` on one of the threads, in the order of arrival among those of its grant. It does not begin after the task was
    /// cancelled.
    func run<Value: Sendable>(
        for usage: FileUsage,
        _ operation: @escaping @Sendable () throws(FileFailure) -> Value
    ) async throws(FileFailure) -> Value {
        let cancellation = Cancellation()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, FileFailure>, Never>) in
                submit(for: ObjectIdentifier(usage)) {
                    guard !cancellation.isRequested else { return continuation.resume(returning: .failure(.cancelled)) }
                    do throws(FileFailure) {
                        continuation.resume(returning: .success(try operation()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            }
        } onCancel: {
            cancellation.request()
        }
        return try result.get()
    }

    private func submit(for grant: ObjectIdentifier, _ run: @escaping @Sendable () -> Void) {
        let starts = state.withLock { state in
            guard state.running < count, state.busy[grant, default: 0] < perGrant else {
                state.waiting.append(Job(grant: grant, run: run))
                return false
            }
            state.running += 1
            state.busy[grant, default: 0] += 1
            return true
        }
        guard starts else { return }
        queue.async {
            var job = Job(grant: grant, run: run)
            while true {
                job.run()
                guard let next = self.next(after: job.grant) else { return }
                job = next
            }
        }
    }

    /// The job that waits longest, of those whose grant may have another thread; with nil the thread is given back.
    private func next(after grant: ObjectIdentifier) -> Job? {
        state.withLock { state in
            let left = state.busy[grant, default: 1] - 1
            state.busy[grant] = left > 0 ? left : nil
            guard let index = state.waiting.firstIndex(where: { state.busy[$0.grant, default: 0] < perGrant }) else {
                state.running -= 1
                return nil
            }
            let job = state.waiting.remove(at: index)
            state.busy[job.grant, default: 0] += 1
            return job
        }
    }
}

/// Whether the task that waits for an operation was cancelled.
private final class Cancellation: Sendable {
    private let flag = Atomic(false)

    var isRequested: Bool { flag.load(ordering: .acquiring) }

    func request() {
        flag.store(true, ordering: .releasing)
    }
}
