import CLibuv

/// Notices when a path leads to other contents than before: those of a file, or the entries of a folder.
///
/// Every folder on the way to the file is watched, through all symbolic links: whatever is renamed, swapped, removed
/// or put back on the way is an event in one of them. An event only opens a window; when it has been quiet for as long
/// as `debounce` says, the path is followed anew. The action runs where the file's identity is another one, or an event was the file's own. So
/// nothing depends on the order or the completeness of the system's events, only on there being one. What a folder's identity does not
/// show is what is written into its files, so that for a folder's entries an event in it runs the action, too.
///
/// Isolation: the loop's thread, apart from `init`.
///
/// `@unchecked Sendable`: made by one thread and handed to the loop, which alone uses it from then on.
final class FileWatcher: @unchecked Sendable {
    /// A window stays open for at most this many times the debounce, so that a steady stream of writes is reported.
    private static let windowLimit: UInt64 = 10
    /// How often the path is followed where the system lets us watch one of its folders not at all.
    private static let pollInterval = Duration.seconds(1)
    /// How often the way is followed again because it changed while its folders were being watched.
    private static let rearmLimit = 8

    private let path: String
    private let contents: Contents
    private let debounce: Duration
    private unowned let core: LoopCore
    private var action: (@Sendable () -> Void)?

    private var handles: [String: FolderHandle] = [:]
    private var trace: PathTrace
    private var reported: FileIdentity?

    private var window: Window?
    private var poll: TimerHandle?

    /// What it is at the end of the path that is watched.
    enum Contents {
        case file
        case entries
    }

    private struct Window {
        /// In nanoseconds of `uv_hrtime`.
        var quietAt: UInt64
        let endsAt: UInt64
        var fileWasNamed = false
        /// Whether the folder at the end may have other entries, or files with other contents.
        var entriesChanged = false
        /// Whether libuv delivered what was under way after the quiet time seemed to be over.
        var isSettled = false
        var timer: TimerHandle?
    }

    init(
        path: String, contents: Contents, debounce: Duration, core: LoopCore, _ action: @escaping @Sendable () -> Void
    ) {
        self.path = path
        self.contents = contents
        self.debounce = debounce
        self.core = core
        self.action = action
        trace = PathTrace(path)
        reported = trace.identity
    }

    /// Begins to watch. What changed since `init` is reported.
    func start() {
        noticeChange()
    }

    func stop() {
        action = nil
        window?.timer?.close()
        window = nil
        poll?.close()
        poll = nil
        handles.values.forEach { $0.close() }
        handles = [:]
    }

    // MARK: The window

    /// Something happened on the way to the file.
    private func noticeChange(fileWasNamed: Bool = false, entriesChanged: Bool = false) {
        guard action != nil else {
            return
        }
        let now = uv_hrtime()
        let pause = debounce.wholeNanoseconds
        let quietAt = now.addingSaturated(pause)
        if window == nil {
            window = Window(
                quietAt: quietAt, endsAt: now.addingSaturated(pause.multipliedSaturated(by: Self.windowLimit)))
            rearm()
            startTimer(at: quietAt)
        } else {
            window?.quietAt = quietAt
            window?.isSettled = false
        }
        if fileWasNamed {
            window?.fileWasNamed = true
        }
        if entriesChanged {
            window?.entriesChanged = true
        }
    }

    private func startTimer(at time: UInt64) {
        window?.timer?.close()
        let timer = TimerHandle(due: time) { [unowned self] in timerDidFire() }
        window?.timer = timer
        unsafe timer.start(on: core.uv)
    }

    private func timerDidFire() {
        guard let window else {
            return
        }
        let now = uv_hrtime()
        if now < window.endsAt {
            if now < window.quietAt {
                startTimer(at: min(window.quietAt, window.endsAt))
                return
            }
            if !window.isSettled {
                // If the loop was held up, this timer runs before the events that wait; they have their turn first.
                self.window?.isSettled = true
                startTimer(at: now.addingSaturated(1_000_000))
                return
            }
            if rearm() {
                // Folders came to the way, and what is going on in them was not seen until now.
                let quietAt = now.addingSaturated(debounce.wholeNanoseconds)
                self.window?.quietAt = quietAt
                startTimer(at: min(quietAt, window.endsAt))
                return
            }
        } else {
            rearm()
        }
        report(self.window ?? window)
    }

    private func report(_ window: Window) {
        self.window = nil
        // What was named may have had other contents for a moment, in which somebody read them.
        guard trace.identity != reported || window.fileWasNamed || window.entriesChanged else {
            return
        }
        reported = trace.identity
        action?()
    }

    // MARK: The folders

    /// Follows the path and watches the folders on the way; `true` if there are other ones than before.
    @discardableResult
    private func rearm() -> Bool {
        var changed = false
        for _ in 0..<Self.rearmLimit {
            trace = PathTrace(path)
            guard watchFolders() else {
                return changed
            }
            // Before its watch began, a folder may have changed unseen: look once more.
            changed = true
        }
        return changed
    }

    /// Watches exactly the folders of the trace; `true` if a new watch began.
    private func watchFolders() -> Bool {
        for (path, handle) in handles {
            let folder = trace.folders[path]
            if handle.isStale || !handle.isOpen || folder.map(handle.folder.isSameFolder) != true {
                handle.close()
                handles[path] = nil
            }
        }
        var began = false
        for (path, folder) in trace.folders where handles[path] == nil {
            // Where it fails (no permission, no watch left), polling takes over.
            handles[path] = try? unsafe FolderHandle(path: path, folder: folder, on: core.uv) { [unowned self] name in
                folderDidChange(path, name: name)
            }
            began = began || handles[path] != nil
            if contents == .entries, trace.endFolder == path, handles[path] != nil {
                // Nobody saw what happened in it until now.
                window?.entriesChanged = true
            }
        }
        setPolling(handles.count < trace.folders.count)
        return began
    }

    private func folderDidChange(_ path: String, name: String?) {
        if contents == .entries, trace.endFolder == path {
            noticeChange(entriesChanged: true)
        } else if let name {
            if trace.folders[path]?.names.contains(name) == true {
                noticeChange(fileWasNamed: trace.end == (path, name))
            }
        } else {
            noticeChange()
        }
    }

    /// Whether the folder at the end, if there is one, tells of its entries.
    private var watchesEnd: Bool {
        trace.endFolder.map { handles[$0] != nil } ?? true
    }

    private func setPolling(_ needed: Bool) {
        if needed, poll == nil {
            let timer = TimerHandle(after: Self.pollInterval, repeating: Self.pollInterval) { [unowned self] in
                noticeChange(entriesChanged: contents == .entries && !watchesEnd)
            }
            poll = timer
            unsafe timer.start(on: core.uv)
        } else if !needed {
            poll?.close()
            poll = nil
        }
    }
}
