import Synchronization
import WorkerLoop

/// Who follows folders of plugins. All of them do it on the loop that modules are read on, and end before that loop does.
final class FolderFollowers: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var next = 0
        var isStopped = false
    }

    private let loop: WorkerLoop
    private let state = Mutex(State())

    init(loop: WorkerLoop) {
        self.loop = loop
    }

    /// Tells of the changes of a folder until what this returns is let go.
    /// - Parameters:
    ///   - found: what is known already.
    ///   - body: must not wait.
    func follow(
        _ folder: PluginFolder,
        debounce: Duration,
        since found: [PluginFolder.Found],
        _ body: @escaping @Sendable (PluginFolder.Change) -> Void
    ) throws(PluginError) -> FolderFollower {
        let changes = try folder.changes(on: loop, debounce: debounce, since: found)
        return try state.withLock { state throws(PluginError) in
            guard !state.isStopped else { throw PluginError(.stopped, message: "the host was shut down") }
            state.next += 1
            let number = state.next
            let task = Task { [weak self] in
                for await change in changes { body(change) }
                _ = self?.state.withLock { $0.tasks.removeValue(forKey: number) }
            }
            state.tasks[number] = task
            return FolderFollower(task)
        }
    }

    /// Ends all of them.
    func stop() async {
        let tasks = state.withLock { state in
            state.isStopped = true
            return Array(state.tasks.values)
        }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}

/// Follows a folder until it is let go.
final class FolderFollower: Sendable {
    private let task: Task<Void, Never>

    init(_ task: Task<Void, Never>) {
        self.task = task
    }

    deinit {
        task.cancel()
    }

    func cancel() {
        task.cancel()
    }
}
