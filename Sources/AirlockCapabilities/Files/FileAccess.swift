public import Airlock

/// Files in folders that the host opened for plugins.
///
///     let files = try FileAccess([
///         PreopenedFolder("/srv/shop/templates", as: "/templates"),
///         PreopenedFolder("/var/lib/shop/plugins/cart", as: "/data", access: .readWrite),
///     ])
///     let plugin = try await host.loadSuspendable(.file("cart.wasm"), granting: [files])
///
/// ``PreopenedFolder`` says which paths lead where. The functions wait for the disk on threads of their own, so only suspendable plugins
/// can have them. They are imported from `airlock:files`; ``WASI`` makes the same folders available to guests that use a C library.
///
/// Paths are UTF-8 text as (pointer, length) and begin with the guest path of a folder. Numbers are little-endian.
///
/// | function | parameters | result |
/// | --- | --- | --- |
/// | `read` | path `i32 i32`, offset `i64`, room `i32 i32` | bytes read; 0 at the end of the file |
/// | `write` | path `i32 i32`, offset `i64`, bytes `i32 i32` | bytes written; a file that is not there is created |
/// | `append` | path `i32 i32`, bytes `i32 i32` | likewise, at the end |
/// | `create` | path `i32 i32` | 0; a new empty file |
/// | `resize` | path `i32 i32`, size `i64` | 0 |
/// | `status` | path `i32 i32`, room `i32 i32` (24 bytes) | 24; kind `u32` (0 file, 1 folder, 2 symbolic link, 3 other), 4 zero bytes, size
/// `u64`, time of the last change in nanoseconds since 1970 `u64` |
/// | `list` | path `i32 i32`, after `i32 i32`, room `i32 i32` | bytes written; 0 after the last name. Each entry: kind `u8`, length `u16`,
/// name. Names are in the order of their bytes; those behind the name `after` are listed, all if it is empty |
/// | `remove` | path `i32 i32` | 0; a file, a symbolic link (itself) or an empty folder |
/// | `make_folder` | path `i32 i32` | 0 |
/// | `rename` | from `i32 i32`, to `i32 i32` | 0; both in the same granted folder; what is there is replaced |
///
/// Each `list` reads the folder anew, as far as ``FileLimits/entriesPerListing`` allows: a page costs a thread as much as all names do, and
/// a name that came or went meanwhile is or is not in the pages that follow.
///
/// Operations of one grant, together with those of all that were narrowed from it, are done in the order of their arrival, at most two of
/// them at once, so that other grants get to the disk as well. 256 more may wait; what comes then is answered with
/// ``FileResultCode/overloaded``. A call that ends while it waits leaves the line.
///
/// Every result is an `i32`; negative ones are a ``FileResultCode``. At most ``maximumTransfer`` bytes are moved at once. What the grant
/// forbids (a path that leads out, writing where only reading was granted, writing to a file with several names) ends the call with
/// ``PluginError/Code/denied``, and the message names the path and the grant.
public struct FileAccess: Capability {
    public static let id: CapabilityID = "airlock:files"

    /// The most bytes that one `read`, `write`, `append` or `list` moves; what is more is left to the next call.
    public static let maximumTransfer = 1 << 20

    /// The folders, those with the longest guest paths first.
    public let folders: [PreopenedFolder]
    /// What may be used of them.
    public var limits: FileLimits { usage.limits }

    let usage: FileUsage

    /// Makes a grant. Its budgets are shared by all plugins that this value is granted to.
    /// - Throws: ``PluginError/Code/configuration`` where a limit is out of its range or two folders have one guest path.
    public init(_ folders: [PreopenedFolder], limits: FileLimits = FileLimits()) throws(PluginError) {
        try limits.check()
        self.init(folders, FileUsage(limits))
        try refuseWritableInside(folders)
        for (index, folder) in folders.enumerated() {
            guard !folders[..<index].contains(where: { $0.mount.names == folder.mount.names }) else {
                throw PluginError(.configuration, message: "two folders have the guest path '\(folder.guestPath)'")
            }
        }
    }

    /// A folder that is read-only must not be writable through another one that it lies in: WASI goes by descriptors, not by guest paths.
    private func refuseWritableInside(_ folders: [PreopenedFolder]) throws(PluginError) {
        for inner in folders where inner.access == .readOnly {
            for outer in folders where outer.access == .readWrite {
                guard let rest = inner.mount.relative(to: outer.mount),
                    let there = try? outer.root.folder(at: rest).descriptor.status,
                    let here = try? inner.root.descriptor.status, there.device == here.device, there.inode == here.inode
                else { continue }
                throw PluginError(
                    .configuration,
                    message:
                        "the folder '\(inner.guestPath)' is read-only, but writable through '\(outer.guestPath)', which it lies in"
                )
            }
        }
    }

    init(_ folders: [PreopenedFolder], _ usage: FileUsage) {
        self.folders = folders.sorted { $0.mount.names.count > $1.mount.names.count }
        self.usage = usage
    }

    /// Where a path of a guest leads: a granted folder, and the path beneath it.
    func place(of text: String, writing: Bool = false) throws(FileFailure) -> FilePlace {
        let path = try FilePath(text, isRooted: true)
        for folder in folders {
            guard let rest = path.relative(to: folder.mount) else { continue }
            guard !writing || folder.access == .readWrite else { throw .readOnly }
            return FilePlace(root: folder.root, path: rest, grant: ObjectIdentifier(folder.root.descriptor))
        }
        throw .leadsOut("is in no granted folder")
    }

    /// The answer to a guest for a failure, or the error that ends its call.
    func answer(_ failure: FileFailure, _ path: String) throws(HostError) -> Int32 {
        if let code = FileResultCode(failure) { return code.rawValue }
        throw HostError(
            .denied, "the path \(LogText.quoted(Array(path.utf8))) \(failure.reason); granted: \(summary)")
    }

    /// The grant in one line.
    public var summary: String {
        guard !folders.isEmpty else { return "no folders" }
        return folders.map { "'\($0.guestPath)' (\($0.access))" }.joined(separator: ", ")
    }
}

/// A path beneath a granted folder.
struct FilePlace: Sendable {
    let root: Folder
    let path: FilePath
    /// Which granted folder it is in.
    let grant: ObjectIdentifier

    func parent() throws(FileFailure) -> (folder: Folder, name: String?) { try root.parent(of: path) }
}
