#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// `unsafe` in this file: the system reads names, and writes one status, during its calls only.

/// An open folder, and the way to what is in it. POSIX, because no library of ours resolves names relative to an open folder.
///
/// A path is walked name by name, each opened relative to the folder before it and never through a symbolic link, so that it does not
/// matter what is renamed or replaced meanwhile: what was opened stays what it was. The methods wait for the disk: they belong on
/// ``DiskThreads``.
struct Folder: Sendable {
    let descriptor: FileDescriptor
    /// The file system of the granted folder; others are not entered.
    let device: UInt64

    /// Opens a folder of the host.
    init(host path: String) throws(FileFailure) {
        descriptor = try FileDescriptor(adopting: unsafe openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        device = try descriptor.status.device
    }

    private init(_ descriptor: FileDescriptor, device: UInt64) throws(FileFailure) {
        guard try descriptor.status.device == device else {
            throw .leadsOut("leads to another file system, which was mounted in the folder")
        }
        self.descriptor = descriptor
        self.device = device
    }

    /// The folder itself, as a descriptor of its own.
    func reopened() throws(FileFailure) -> Folder {
        try folder(named: ".")
    }

    /// The folder of that name.
    func folder(named name: String) throws(FileFailure) -> Folder {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        let number = unsafe openat(descriptor.number, name, flags)
        guard number >= 0 else {
            let failure = FileFailure.last
            // Which of the two error numbers a symbolic link gives differs between systems.
            if failure == .notFolder || failure == .system(ELOOP) { try refuseLink(name) }
            throw failure
        }
        return try Folder(FileDescriptor(adopting: number), device: device)
    }

    /// The folder that a path leads to.
    func folder(at path: FilePath) throws(FileFailure) -> Folder {
        var folder = self
        for name in path.names { folder = try folder.folder(named: name) }
        return folder
    }

    /// The folder that holds what the path names, and its name there; nil for the folder itself.
    func parent(of path: FilePath) throws(FileFailure) -> (folder: Folder, name: String?) {
        guard let name = path.names.last else { return (self, nil) }
        return (try folder(at: FilePath(names: path.names.dropLast())), name)
    }

    /// What a name stands for; a symbolic link is not followed.
    func status(of name: String) throws(FileFailure) -> FileStatus {
        var status = stat()
        guard unsafe fstatat(descriptor.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw .last }
        return FileStatus(status)
    }

    /// Throws where the name is that of a symbolic link.
    func refuseLink(_ name: String) throws(FileFailure) {
        guard let status = try? status(of: name), status.kind == .symbolicLink else { return }
        throw .leadsOut("leads through the symbolic link '\(name)', and links are not followed")
    }

    /// Opens the regular file of that name.
    /// - Parameter creating: whether to make it; it must not be there then.
    func file(named name: String, writing: Bool, creating: Bool = false) throws(FileFailure) -> FileDescriptor {
        // Should a device or a pipe take the file's place, opening it does not wait.
        let flags = (writing ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
        let number = unsafe openat(descriptor.number, name, flags | (creating ? O_CREAT | O_EXCL : 0), 0o666)
        guard number >= 0 else {
            let failure = FileFailure.last
            if failure == .system(ELOOP) { try refuseLink(name) }
            throw failure
        }
        let file = try FileDescriptor(adopting: number)
        let status = try file.status
        guard status.kind == .regular else { throw .notRegular }
        guard status.device == device else { throw .leadsOut("is on another file system") }
        return file
    }

    func makeFolder(named name: String) throws(FileFailure) {
        try check(unsafe mkdirat(descriptor.number, name, 0o777))
    }

    /// Removes a file or a symbolic link, or an empty folder.
    func remove(_ name: String, folder: Bool) throws(FileFailure) {
        try check(unsafe unlinkat(descriptor.number, name, folder ? AT_REMOVEDIR : 0))
    }

    /// Renames; what has the new name is replaced, as POSIX says.
    func rename(_ name: String, to newName: String, in other: Folder) throws(FileFailure) {
        try check(unsafe renameat(descriptor.number, name, other.descriptor.number, newName))
    }

    private func check(_ result: CInt) throws(FileFailure) {
        guard result == 0 else { throw .last }
    }
}
