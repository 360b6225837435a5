public import WorkerLoop

extension PluginFolder {
    /// News of a folder.
    public enum Change: Sendable {
        /// What is different from what was told before.
        case difference(Difference)
        /// The folder, or one in it, cannot be used: it is not there, not readable, too large, or two modules have one name. What was told
        /// before counts until there is a difference again.
        case unreadable(PluginError)
    }

    /// What is in the folder, as if everything was added, and then what changes in it.
    ///
    ///     for await change in folder.changes(on: loop) { … }
    ///
    /// New plugins and versions, removed ones, files that are written anew or renamed over, and symbolic links that are swapped are
    /// noticed, wherever on the way. The folder need not exist at first. While it is away, nothing counts as removed; when it is back, the
    /// difference to what was there before is told. What is told is always up to date: many changes between two elements of the stream
    /// are one difference.
    ///
    /// A plugin whose module, manifest or signature was written less than `debounce` ago (20 ms at least) is not told of until it rests;
    /// an older version of it stays what it is. So a module that is copied into its place is not told of half-written, unless the copying
    /// pauses for longer. Half a module can be a valid one. Where the system tells who writes a file, it is refused when it is loaded
    /// (``PluginError/Code/incomplete``), and either way the plugin is told of again when more was written. Whoever wants no half of a
    /// module to be seen renames complete files into their places.
    ///
    /// The stream has one consumer, and ends when the consumer's task is cancelled. Once the loop was shut down, nothing more is told.
    ///
    /// - Parameters:
    ///   - loop: what watches the folder and looks at it. It waits for the disk then: choose one that serves no calls.
    ///   - debounce: the quiet time after the last change before the folder is looked at. While changes keep coming, it is looked at
    ///     after ten times this at the latest.
    /// - Throws: ``PluginError/Code/configuration`` where the path is empty or holds a zero byte, the debounce is below zero, or the loop
    ///   was shut down.
    public func changes(
        on loop: WorkerLoop,
        debounce: Duration = .milliseconds(50)
    ) throws(PluginError) -> AsyncStream<Change> {
        try changes(on: loop, debounce: debounce, since: [])
    }

    /// The same without what is as it was found before.
    func changes(
        on loop: WorkerLoop, debounce: Duration, since found: [Found]
    ) throws(PluginError) -> AsyncStream<Change> {
        let watch = try FolderWatch(self, on: loop, debounce: debounce, since: found)
        return AsyncStream { await watch.next() }
    }
}

/// Looks at a folder of plugins whenever something happened to it. Isolation: the loop that watches.
private actor FolderWatch {
    /// How often the folder is looked at again because there was more to watch than before.
    private static let looksLimit = 8

    private let folder: PluginFolder
    private let loop: WorkerLoop
    private let debounce: Duration
    /// That there may be a change. One is as good as many.
    private let signals: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    private var folders: [String: FileWatch] = [:]
    private var files: [String: FileWatch] = [:]
    private var again: LoopTimer?
    private var known: [PluginFolder.Found]
    private var problem: String?

    // Safe: the actor keeps the loop.
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.unownedExecutor }

    init(
        _ folder: PluginFolder, on loop: WorkerLoop, debounce: Duration, since found: [PluginFolder.Found]
    ) throws(PluginError) {
        self.folder = folder
        known = found
        self.loop = loop
        self.debounce = debounce
        let (signals, signal) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.signals = signals
        self.signal = signal
        signal.yield()
        do {
            folders[folder.path] = try loop.watchEntries(of: folder.path, debounce: debounce) { signal.yield() }
        } catch {
            throw PluginError(
                .configuration, message: "the folder of plugins '\(folder.path)' cannot be watched: \(error)")
        }
    }

    /// The next change; nil when there will be none.
    func next() async -> PluginFolder.Change? {
        while true {
            var waiting = signals.makeAsyncIterator()
            guard await waiting.next(isolation: self) != nil else { return nil }
            if let change = look() { return change }
        }
    }

    private func look() -> PluginFolder.Change? {
        var survey = FolderSurvey(folder)
        // Before it was watched, something may have changed unseen.
        var looks = 1
        while watch(survey) {
            guard looks < Self.looksLimit else {
                signal.yield()
                break
            }
            survey = FolderSurvey(folder)
            looks += 1
        }
        do {
            let plugins = settled(try survey.plugins())
            problem = nil
            let difference = PluginFolder.Difference(from: known, to: plugins)
            known = plugins
            return difference.isEmpty ? nil : .difference(difference)
        } catch {
            guard problem != error.message else { return nil }
            problem = error.message
            return .unreadable(error)
        }
    }

    /// Leaves plugins as they were whose modules may not be complete.
    private func settled(_ plugins: [PluginFolder.Found]) -> [PluginFolder.Found] {
        let rest = Int64(clamping: max(debounce, .milliseconds(20)).wholeNanoseconds)
        let now = Int64(clamping: WallClock.nanoseconds)
        let before = Dictionary(known.map { ($0.name, $0) }) { $1 }
        var isComplete = true
        let settled = plugins.compactMap { plugin -> PluginFolder.Found? in
            let old = before[plugin.name]
            // A time that is yet to come says nothing.
            let written = [plugin.state.modified] + plugin.companions.compactMap { $0?.modified }
            guard old != plugin, written.contains(where: { (0..<rest).contains(now &- $0) }) else { return plugin }
            isComplete = false
            return old
        }
        again = isComplete ? nil : try? loop.schedule(after: .nanoseconds(rest)) { [signal] in signal.yield() }
        return settled
    }

    /// Watches exactly what the survey says; `true` if there is something new to watch.
    private func watch(_ survey: FolderSurvey) -> Bool {
        folders = folders.filter { survey.folders.contains($0.key) }
        files = files.filter { survey.files.contains($0.key) }
        var began = false
        do throws(WorkerLoopError) {
            for path in survey.folders where folders[path] == nil {
                folders[path] = try loop.watchEntries(of: path, debounce: debounce) { [signal] in signal.yield() }
                began = true
            }
            for path in survey.files where files[path] == nil {
                files[path] = try loop.watch(path, debounce: debounce) { [signal] in signal.yield() }
                began = true
            }
        } catch {
            // The loop was shut down.
            signal.finish()
        }
        return began
    }
}
