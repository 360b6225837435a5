import Synchronization
import WorkerLoop

/// The thread that waits for the disk of a folder of releases. One that hangs holds up nobody for longer than ``patience``.
package final class StoreThread: Sendable {
    /// How long an operation is waited for.
    package static let patience = Duration.seconds(10)

    private let folder: String
    private let loop: WorkerLoop
    /// Operations that nobody waits for any more, and that have not ended.
    private let overdue = Atomic(0)

    init(folder: String) throws(WorkerLoopError) {
        self.folder = folder
        loop = try WorkerLoop(name: "airlock-releases")
    }

    /// Does something that waits for the disk, after what was asked for before. Cancelling the task does not end it.
    /// - Throws: what `body` throws; ``PluginError/Code/storage`` where the disk does not answer, at once where that is known already. What
    ///   was asked for may be done later then.
    package func run<Value: Sendable>(
        within patience: Duration = StoreThread.patience,
        _ body: @escaping @Sendable () throws(PluginError) -> Value
    ) async throws(PluginError) -> Value {
        guard overdue.load(ordering: .relaxed) == 0 else { throw unanswered("has not answered for a while") }
        let wait = Wait<Value>()
        let limit = Task { [self] in
            try await Task.sleep(for: patience)
            // Counted first: what ends at this moment counts it off.
            overdue.add(1, ordering: .relaxed)
            let isLate = wait.end(with: .failure(unanswered("has not answered within \(patience)")))
            if !isLate { overdue.subtract(1, ordering: .relaxed) }
        }
        loop.submit { [self] in
            let result: Result<Value, any Error>
            do { result = .success(try body()) } catch { result = .failure(error) }
            if !wait.end(with: result) { overdue.subtract(1, ordering: .relaxed) }
        }
        defer { limit.cancel() }
        // A task of its own: an operation whose end nobody knows would have to be undone.
        switch await Task(operation: { try await wait.value() }).result {
        case .success(let value): return value
        case .failure(let error): throw error as? PluginError ?? unanswered("failed: \(error)")
        }
    }

    private func unanswered(_ what: String) -> PluginError {
        PluginError(.storage, message: "the disk of the folder of releases '\(folder)' \(what)")
    }
}
