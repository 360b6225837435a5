import Synchronization
import WorkerLoop

/// A few threads for compilations, each for one at a time. Who comes when all are taken waits, first come, first served.
final class CompilationSlots: Sendable {
    private struct State {
        var free: [WorkerLoop]
        var waiting: [Wait<WorkerLoop>] = []
    }

    private let loops: [WorkerLoop]
    private let state: Mutex<State>

    init(count: Int) throws(WorkerLoopError) {
        var loops: [WorkerLoop] = []
        for _ in 0..<count { loops.append(try WorkerLoop(name: "airlock-compile")) }
        self.loops = loops
        state = Mutex(State(free: loops))
    }

    /// Runs `work` on a thread of its own, as soon as there is one.
    /// - Throws: `CancellationError` when the task is cancelled before its turn, or what `work` throws.
    func run<Value: Sendable>(_ work: @escaping @Sendable @concurrent () async throws -> Value) async throws -> Value {
        let loop = try await take()
        defer { give(loop) }
        return try await withTaskExecutorPreference(loop.taskExecutor) { try await work() }
    }

    /// Ends the threads, after what runs on them.
    func shutdown() async {
        for loop in loops { await loop.shutdown() }
    }

    private func take() async throws -> WorkerLoop {
        let wait = Wait<WorkerLoop>()
        let free = state.withLock { state -> WorkerLoop? in
            if let loop = state.free.popLast() { return loop }
            state.waiting.append(wait)
            return nil
        }
        if let free { return free }
        do {
            return try await wait.value()
        } catch {
            state.withLock { state in state.waiting.removeAll { $0 === wait } }
            throw error
        }
    }

    private func give(_ loop: WorkerLoop) {
        state.withLock { state in
            // One that was cancelled just now takes nothing.
            while !state.waiting.isEmpty {
                if state.waiting.removeFirst().end(with: .success(loop)) { return }
            }
            state.free.append(loop)
        }
    }
}
