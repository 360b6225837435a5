import CLibuv

/// The events of one folder (not of the folders in it).
final class FolderHandle: LoopHandle {
    /// The folder as it was when the watch began. A path may lead to another one later, and the watch does not follow.
    let folder: PathTrace.Folder
    /// Whether the folder itself was moved or removed, so that nothing more may come.
    private(set) var isStale = false
    private let name: String
    private var onEvent: ((String?) -> Void)?

    /// Watches a folder.
    ///
    /// - Parameter onEvent: Gets the name of the entry that changed, or `nil` if the folder itself may have changed.
    init(
        path: String, folder: PathTrace.Folder, on loop: UnsafeMutablePointer<uv_loop_t>,
        onEvent: @escaping (String?) -> Void
    ) throws(LibuvFailure) {
        self.folder = folder
        name = path.split(separator: "/").last.map(String.init) ?? ""
        super.init(UV_FS_EVENT)
        try open("uv_fs_event_init") { unsafe uv_fs_event_init(loop, pointer()) }
        let status = unsafe uv_fs_event_start(
            pointer(),
            { handle, name, _, status in
                unsafe FolderHandle.owner(of: handle)?.wasChanged(name: name.map { unsafe String(cString: $0) }, status)
            }, path, 0)
        if status < 0 {
            close()
            throw LibuvFailure(status: status, operation: "uv_fs_event_start")
        }
        self.onEvent = onEvent
    }

    private func wasChanged(name: String?, _ status: CInt) {
        // libuv reports a change of the folder itself under the folder's own name.
        if name == self.name || status < 0 {
            isStale = true
            onEvent?(nil)
        }
        if let name {
            onEvent?(name)
        }
    }

    override func didClose() {
        onEvent = nil
    }
}
