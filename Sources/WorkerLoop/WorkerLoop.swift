import Synchronization

/// A thread with a libuv loop, as a Swift executor.
///
/// Actors choose the loop as their executor, tasks prefer it, and closures, timers and file watches run on it; all of
/// it on one thread, one after another.
///
/// ```swift
/// let loop = try WorkerLoop(name: "plugins")
///
/// actor Counter {
///     let loop: WorkerLoop
///     nonisolated var unownedExecutor: UnownedSerialExecutor { loop.unownedExecutor }
///     …
/// }
///
/// await loop.shutdown()
/// ```
///
/// A loop may be embedded in an event loop of another library, whose thread it uses then: what runs on both crosses no thread.
///
/// A loop that is let go without ``shutdown()`` shuts itself down, and nobody waits for it. Its executors are not
/// retained by what runs on them: whoever has an actor on a loop keeps the loop.
///
/// ## Topics
///
/// ### Running actors and tasks
/// - ``unownedExecutor``
/// - ``serialExecutor``
/// - ``taskExecutor``
/// - ``isCurrent``
///
/// ### Running closures
/// - ``submit(_:)``
/// - ``schedule(after:repeating:_:)``
/// - ``watch(_:debounce:_:)``
/// - ``watchEntries(of:debounce:_:)``
///
/// ### Balancing load
/// - ``load``
/// - ``beginWork()``
/// - ``endWork()``
///
/// ### Ending
/// - ``shutdown()``
public final class WorkerLoop: Sendable {
    /// The loop's name, which is its thread's name too (Linux shows the last 15 bytes of it).
    public let name: String
    /// The executor for actors.
    public let serialExecutor: LoopSerialExecutor
    /// The executor for tasks.
    public let taskExecutor: LoopTaskExecutor

    let core: LoopCore
    /// Nil where another event loop lends its own.
    private let thread: LoopThread?
    private let tokens = Atomic<Int>(0)

    /// Starts a thread and a loop on it.
    ///
    /// - Parameter name: Shown by `top`, debuggers and errors.
    /// - Throws: ``WorkerLoopError/Code/systemResource`` where the system has no thread or file descriptor left.
    public init(name: String) throws(WorkerLoopError) {
        let core = LoopCore(name: name)
        let serialExecutor = LoopSerialExecutor(core: core)
        let taskExecutor = LoopTaskExecutor(core: core)
        do throws(LibuvFailure) {
            try core.open(serial: serialExecutor, task: taskExecutor)
            do throws(LibuvFailure) {
                thread = try LoopThread(name: name) {
                    withExtendedLifetime((serialExecutor, taskExecutor)) {
                        core.run()
                    }
                }
            } catch {
                core.close()
                throw error
            }
        } catch {
            throw WorkerLoopError(error, loop: name)
        }
        self.name = name
        self.core = core
        self.serialExecutor = serialExecutor
        self.taskExecutor = taskExecutor
    }

    /// Makes a loop that runs on the thread of another event loop, with all that runs there already. It watches no files.
    ///
    /// Shut it down, and wait for that, before the other one ends.
    ///
    /// - Parameter name: Shown by errors.
    /// - Throws: ``WorkerLoopError/Code/systemResource`` where the system has no file descriptor left.
    public init(name: String, embeddedIn host: any HostEventLoop) throws(WorkerLoopError) {
        let core = LoopCore(name: name)
        let serialExecutor = LoopSerialExecutor(core: core)
        let taskExecutor = LoopTaskExecutor(core: core)
        do throws(LibuvFailure) {
            try core.open(serial: serialExecutor, task: taskExecutor, embeddedIn: host)
        } catch {
            throw WorkerLoopError(error, loop: name)
        }
        core.embedding.executors = [serialExecutor, taskExecutor]
        host.execute { core.claimThread() }
        thread = nil
        self.name = name
        self.core = core
        self.serialExecutor = serialExecutor
        self.taskExecutor = taskExecutor
    }

    deinit {
        core.beginShutdown()
    }

    /// What an actor on this loop returns as its `unownedExecutor`. Valid while the loop is alive.
    public var unownedExecutor: UnownedSerialExecutor {
        // Safe while this loop lives, which the actor that returns it has to see to.
        unsafe serialExecutor.asUnownedSerialExecutor()
    }

    /// Whether the calling thread is the loop's.
    public var isCurrent: Bool {
        core.isCurrent
    }

    /// How much the loop has to do: the jobs that wait or run, and the work begun and not ended. A snapshot.
    public var load: Int {
        core.queue.count + tokens.load(ordering: .relaxed)
    }

    /// Counts a long-lived piece of work, such as a stream or a call, as load. Balance it with ``endWork()``.
    public func beginWork() {
        tokens.add(1, ordering: .relaxed)
    }

    /// Ends what ``beginWork()`` began.
    public func endWork() {
        tokens.subtract(1, ordering: .relaxed)
    }

    /// Runs a closure on the loop, after everything that was queued before.
    ///
    /// - Returns: `false` once shutdown began: the closure will not run. An accepted closure always runs.
    @discardableResult
    public func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        core.submit(work)
    }

    /// Runs a closure on the loop after a delay, once or again and again.
    ///
    /// The clock has a resolution of a millisecond; an action runs never before its time, and later if the loop is
    /// busy. Actions that are due at the same time run in the order in which they were scheduled.
    ///
    /// - Parameters:
    ///   - delay: From now until the first run; a negative delay counts as zero.
    ///   - interval: From one run to the next, rounded up to whole milliseconds. Without it the action runs once.
    ///   - action: Runs on the loop.
    /// - Returns: The timer; it ends when it is cancelled or let go, so keep it.
    /// - Throws: ``WorkerLoopError/Code/shutDown`` once shutdown began, ``WorkerLoopError/Code/invalidArgument`` for an
    ///   interval of zero or less.
    public func schedule(
        after delay: Duration, repeating interval: Duration? = nil, _ action: @escaping @Sendable () -> Void
    ) throws(WorkerLoopError) -> LoopTimer {
        if let interval, interval <= .zero {
            throw WorkerLoopError(
                code: .invalidArgument, loop: name, operation: "schedule",
                reason: "expected an interval above zero, got \(interval)")
        }
        let handle = TimerHandle(after: delay, repeating: interval, action)
        // Safe: the closure runs on the loop's thread and keeps the core that has `uv`.
        let start: @Sendable () -> Void = { [core] in
            unsafe handle.start(on: core.uv)
            core.handlesChanged()
        }
        guard core.submit(start) else {
            throw .shutDown(loop: name, operation: "schedule")
        }
        return LoopTimer(core: core, handle: handle)
    }

    /// Watches a file and runs a closure on the loop when the path leads to other contents than before.
    ///
    /// Every way of replacing a file is noticed: writing into it, renaming over it, swapping a symbolic link on the way
    /// to it (as Kubernetes does with `..data`), removing and creating it, and all of that for the folders that it lies
    /// in, which need not exist at first. The removal of the file is a change too, so the closure may find no file.
    /// Changes of other files are not reported. Two states of the file count as the same if device, inode, size and time of the last change, of
    /// permissions as well, are; the closure may run for the same state again. Where the system lets us not watch one of the folders, and
    /// only there, the file is looked at every second. Changes that another machine makes on a network file system may
    /// go unnoticed. For a folder, its replacement and changes of its list of entries may be noticed, no more:
    /// ``watchEntries(of:debounce:_:)`` is for those.
    ///
    /// - Parameters:
    ///   - path: The file; a relative path is taken from the working directory as it is now.
    ///   - debounce: The quiet time after the last change before the closure runs. While changes keep coming, it
    ///     runs after ten times this at the latest.
    ///   - onChange: Runs on the loop, once for each burst of changes.
    /// - Returns: The watch; it ends when it is cancelled or let go, so keep it.
    /// - Throws: ``WorkerLoopError/Code/shutDown`` once shutdown began, ``WorkerLoopError/Code/invalidArgument`` for a
    ///   path that is empty or holds a zero byte, a debounce below zero, or a loop that is embedded in another one.
    public func watch(
        _ path: String, debounce: Duration = .milliseconds(50), _ onChange: @escaping @Sendable () -> Void
    ) throws(WorkerLoopError) -> FileWatch {
        try watch(path, .file, debounce: debounce, onChange)
    }

    /// Watches the entries of a folder and runs a closure on the loop when one may have come, gone or changed.
    ///
    /// Writing into a file of the folder counts, too; what happens in a folder in it does not. The folder is found and followed as a
    /// file is in ``watch(_:debounce:_:)``: it need not exist at first, may vanish and come back, and may be behind symbolic links.
    /// What entries that are symbolic links lead to is not watched.
    ///
    /// The closure may run without a change: once after the watch began, and every second while the system does not let the folder be
    /// watched. So it looks at the folder itself and compares.
    ///
    /// - Parameters:
    ///   - path: The folder; a relative path is taken from the working directory as it is now.
    ///   - debounce: The quiet time after the last change before the closure runs. While changes keep coming, it
    ///     runs after ten times this at the latest.
    ///   - onChange: Runs on the loop, once for each burst of changes.
    /// - Returns: The watch; it ends when it is cancelled or let go, so keep it.
    /// - Throws: What ``watch(_:debounce:_:)`` does.
    public func watchEntries(
        of path: String, debounce: Duration = .milliseconds(50), _ onChange: @escaping @Sendable () -> Void
    ) throws(WorkerLoopError) -> FileWatch {
        try watch(path, .entries, debounce: debounce, onChange)
    }

    private func watch(
        _ path: String, _ contents: FileWatcher.Contents, debounce: Duration, _ onChange: @escaping @Sendable () -> Void
    ) throws(WorkerLoopError) -> FileWatch {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw WorkerLoopError(
                code: .invalidArgument, loop: name, operation: "watch",
                reason: "expected a path, got \(path.debugDescription)")
        }
        guard core.host == nil else {
            throw WorkerLoopError(
                code: .invalidArgument, loop: name, operation: "watch",
                reason: "expected a loop with a thread of its own, got one that is embedded in another event loop")
        }
        guard debounce >= .zero else {
            throw WorkerLoopError(
                code: .invalidArgument, loop: name, operation: "watch",
                reason: "expected a debounce of at least zero, got \(debounce)")
        }
        let watcher = FileWatcher(
            path: PathTrace.absolute(path), contents: contents, debounce: debounce, core: core, onChange)
        guard core.submit({ watcher.start() }) else {
            throw .shutDown(loop: name, operation: "watch")
        }
        return FileWatch(core: core, watcher: watcher)
    }

    /// Stops the loop and its thread.
    ///
    /// Closures that were accepted run first; timers and file watches end. When the call returns, the thread has
    /// ended and its file descriptors are closed. Jobs of actors and tasks that come later run on a short-lived thread
    /// in the loop's place, so that nothing hangs or is lost. Callable any number of times and from anywhere, the loop
    /// itself included; cancellation does not shorten it.
    public func shutdown() async {
        core.beginShutdown()
        await core.queue.waitForEnd()
        // The thread is past its last job; this waits for the few instructions that are left.
        thread?.join()
    }
}
