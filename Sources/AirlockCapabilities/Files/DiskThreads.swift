import Dispatch
import Synchronization

/// Where file operations wait for the disk: a few threads that neither worker loops nor Swift's own tasks run on.
final class DiskThreads: Sendable {
    private typealias Job = @Sendable () -> Void

    private struct State {
        var running = 0
        var waiting: [Job] = []
    }

    /// Those of this process. Four, so that one slow file system does not take a thread for every call in flight.
    static let shared = DiskThreads(count: 4)

    private let count: Int
    private let queue = DispatchQueue(label: "airlock.files", attributes: .concurrent)
    private let state = Mutex(State())

    init(count: Int) {
        self.count = count
    }

    /// Runs `operation` on one of the threads, in the order of arrival. It does not begin after the task was cancelled.
    func run<Value: Sendable>(
        _ operation: @escaping @Sendable () throws(FileFailure) -> Value
    ) async throws(FileFailure) -> Value {
        let cancellation = Cancellation()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Result<Value, FileFailure>, Never>) in
                submit {
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

    private func submit(_ job: @escaping Job) {
        let starts = state.withLock { state in
            guard state.running < count else {
                state.waiting.append(job)
                return false
            }
            state.running += 1
            return true
        }
        guard starts else { return }
        queue.async {
            job()
            while let next = self.next() { next() }
        }
    }

    /// The job that waits longest; with nil a thread is given back.
    private func next() -> Job? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst()
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
