import WorkerLoop

/// The HTTP calls of one root context that were not answered yet, and the answer that it is being told. Confined to one worker loop.
final class HTTPCallOuts {
    /// A call that a guest asked for, to be begun when the guest has returned.
    struct Asked {
        let id: UInt32
        let root: RootContext
        let upstream: String
        let request: HTTPCallOut
    }

    private struct Pending {
        var task: Task<Void, Never>?
        /// It is gone with the call.
        var timer: LoopTimer?
    }

    private var pending: [UInt32: Pending] = [:]
    /// The answer, while the guest is told of it.
    var response: HTTPCallOutResponse?

    deinit {
        for call in pending.values { call.task?.cancel() }
    }

    var count: Int { pending.count }

    /// Notes a call that was asked for.
    func note(_ id: UInt32) {
        pending[id] = Pending()
    }

    func began(_ id: UInt32, _ task: Task<Void, Never>, timer: LoopTimer?) {
        pending[id] = Pending(task: task, timer: timer)
    }

    /// Keeps the timer of a call whose answer is there and cannot be told yet.
    func postpone(_ id: UInt32, _ timer: LoopTimer?) {
        pending[id]?.timer = timer
    }

    func contains(_ id: UInt32) -> Bool { pending[id] != nil }

    /// Gives up a call that the guest has not been told of yet.
    func stop(_ id: UInt32) {
        pending[id]?.task?.cancel()
        pending[id]?.task = nil
    }

    /// Ends a call.
    func end(_ id: UInt32) {
        pending.removeValue(forKey: id)?.task?.cancel()
    }
}
