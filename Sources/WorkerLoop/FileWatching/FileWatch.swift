/// A watch on a file, from ``WorkerLoop/watch(_:debounce:_:)``, or on a folder, from ``WorkerLoop/watchEntries(of:debounce:_:)``. It
/// ends when it is let go.
public final class FileWatch: Sendable {
    private let core: LoopCore
    private let watcher: FileWatcher

    init(core: LoopCore, watcher: FileWatcher) {
        self.core = core
        self.watcher = watcher
    }

    deinit {
        cancel()
    }

    /// Ends the watch. Callable any number of times, from any thread.
    ///
    /// Called on the loop, the action does not run any more; called elsewhere, it may still run once.
    public func cancel() {
        core.onLoop { [watcher] in
            watcher.stop()
        }
    }
}
