/// The face of a worker loop for actors: an actor whose `unownedExecutor` this is runs on the loop's thread.
///
/// An executor is not retained by the actors and tasks that use it: keep the ``WorkerLoop`` (or this object) for as
/// long as they live. The task executor is a second object, because the runtime switches ten times slower to one that
/// has both faces.
public final class LoopSerialExecutor: SerialExecutor {
    private let core: LoopCore

    init(core: LoopCore) {
        self.core = core
    }

    /// Queues a job of an actor. Called by the Swift runtime, from any thread.
    ///
    /// After the loop's shutdown the job runs on a short-lived thread that takes the loop's place.
    public func enqueue(_ job: consuming ExecutorJob) {
        core.enqueue(.actor(UnownedJob(job)))
    }

    /// The executor in the form that an actor's `unownedExecutor` returns.
    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        // Safe while this executor lives: who returns it from an actor keeps its loop.
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    /// Stops the process unless the calling thread is the loop's, as the protocol demands.
    public func checkIsolated() {
        precondition(core.isCurrent, "not on the thread of worker loop \"\(core.name)\"")
    }

    /// Whether the calling thread is the loop's, so that `assumeIsolated` holds on it, outside of a task too.
    public func isIsolatingCurrentContext() -> Bool? {
        core.isCurrent
    }
}

/// The face of a worker loop for tasks: `withTaskExecutorPreference(loop.taskExecutor)` runs them on the loop's thread.
///
/// A task's calls to actors that have no executor of their own stay on the loop as well.
public final class LoopTaskExecutor: TaskExecutor {
    private let core: LoopCore

    init(core: LoopCore) {
        self.core = core
    }

    /// Queues a job of a task. Called by the Swift runtime, from any thread.
    ///
    /// After the loop's shutdown the job runs on a short-lived thread that takes the loop's place.
    public func enqueue(_ job: consuming ExecutorJob) {
        core.enqueue(.task(UnownedJob(job)))
    }
}
