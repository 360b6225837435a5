import Synchronization
import Wasmtime
import WorkerLoop

/// The compilations that are under way. Who asks for a module that is being compiled for another waits for the same result; a
/// compilation that nobody waits for any more is cancelled.
final class SharedCompilations: Sendable {
    /// What is compiled, and where: a module that may be compiled in this process does not share the fate of one that may not.
    struct Key: Hashable {
        let module: CacheKey
        let trust: ModuleTrust
    }

    typealias Work = @Sendable @concurrent () async throws -> CompilationResult

    private struct Job {
        let number: Int
        let task: Task<Void, Never>
        var waits: [Wait<CompilationResult>]
    }

    private struct State {
        var jobs: [Key: Job] = [:]
        /// All tasks that have not ended, the ones of cancelled jobs too.
        var tasks: [Int: Task<Void, Never>] = [:]
        var lastNumber = 0
        var isStopped = false
    }

    private let state = Mutex(State())

    /// The module of a key: what `work` makes of it, or what another caller's work that is under way does.
    ///
    /// - Parameters:
    ///   - executor: where `work` runs.
    ///   - work: throws ``PluginError`` without a plugin, or `CancellationError`.
    /// - Throws: what the work throws, and `CancellationError` as soon as the calling task is cancelled.
    func module(
        for key: Key,
        on executor: any TaskExecutor,
        work: @escaping Work
    ) async throws -> CompilationResult {
        let wait = Wait<CompilationResult>()
        let (number, isShared) = try join(wait, key, executor, work)
        do {
            let result = try await wait.value()
            return isShared ? CompilationResult(module: result.module, route: .shared) : result
        } catch {
            leave(wait, key, number)
            throw error
        }
    }

    /// Cancels everything, refuses what comes later, and waits until nothing runs any more.
    func stop() async {
        let (tasks, waits) = state.withLock { state in
            state.isStopped = true
            defer { state.jobs = [:] }
            return (Array(state.tasks.values), state.jobs.values.flatMap(\.waits))
        }
        for wait in waits { wait.end(with: .failure(Self.stopped)) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }

    private static var stopped: PluginError {
        PluginError(.stopped, message: "the host was shut down while the module was being compiled")
    }

    private func join(
        _ wait: Wait<CompilationResult>,
        _ key: Key,
        _ executor: any TaskExecutor,
        _ work: @escaping Work
    ) throws -> (number: Int, isShared: Bool) {
        try state.withLock { state in
            guard !state.isStopped else { throw Self.stopped }
            if let job = state.jobs[key] {
                state.jobs[key]?.waits.append(wait)
                return (job.number, true)
            }
            state.lastNumber += 1
            let number = state.lastNumber
            // It cannot end before it is entered below: that needs the lock.
            let task = Task(executorPreference: executor) {
                let result: Result<CompilationResult, any Error>
                do {
                    result = .success(try await work())
                } catch {
                    result = .failure(error)
                }
                self.end(key, number, with: result)
            }
            state.tasks[number] = task
            state.jobs[key] = Job(number: number, task: task, waits: [wait])
            return (number, false)
        }
    }

    private func end(_ key: Key, _ number: Int, with result: Result<CompilationResult, any Error>) {
        let waits = state.withLock { state -> [Wait<CompilationResult>] in
            state.tasks[number] = nil
            guard let job = state.jobs[key], job.number == number else { return [] }
            state.jobs[key] = nil
            return job.waits
        }
        for wait in waits { wait.end(with: result) }
    }

    private func leave(_ wait: Wait<CompilationResult>, _ key: Key, _ number: Int) {
        let abandoned = state.withLock { state -> Task<Void, Never>? in
            guard let job = state.jobs[key], job.number == number else { return nil }
            state.jobs[key]?.waits.removeAll { $0 === wait }
            guard state.jobs[key]?.waits.isEmpty == true else { return nil }
            state.jobs[key] = nil
            return job.task
        }
        abandoned?.cancel()
    }
}

/// A compiled module, and how it came about.
struct CompilationResult: Sendable {
    let module: Module
    let route: CompilationRoute
}
