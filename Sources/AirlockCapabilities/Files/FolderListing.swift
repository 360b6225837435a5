#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One name in a folder.
struct FolderEntry: Sendable {
    var name: String
    var inode: UInt64
    var kind: FileKind
}

extension Folder {
    /// The names in the folder in the order of their bytes, without `.` and `..`. Names that are not UTF-8, which a guest could not
    /// pass back, are left out.
    /// - Parameter limit: the most entries that are read.
    func entries(limit: Int) throws(FileFailure) -> [FolderEntry] {
        // A descriptor of its own: reading moves its position, and closing the stream closes it.
        let number = unsafe openat(descriptor.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { throw .last }
        // Safe: the stream is closed once, and an entry is read before the next one is asked for.
        guard let stream = unsafe fdopendir(number) else {
            let failure = FileFailure.last
            close(number)
            throw failure
        }
        defer { unsafe closedir(stream) }
        var entries: [FolderEntry] = []
        var count = 0
        while true {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw .last }
                break
            }
            let name = unsafe Self.name(of: entry)
            if name == "." || name == ".." { continue }
            count += 1
            guard count <= limit else { throw .tooManyEntries }
            guard let name else { continue }
            // One that was removed meanwhile is no entry any more.
            guard let kind = unsafe try? kind(of: name, type: Int32(entry.pointee.d_type)) else { continue }
            entries.append(FolderEntry(name: name, inode: unsafe UInt64(entry.pointee.d_ino), kind: kind))
        }
        return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// The entry's name, or nil where it is not UTF-8. Only its own bytes are read: an entry is shorter than its type says.
    private static func name(of entry: UnsafeMutablePointer<dirent>) -> String? {
        guard let offset = MemoryLayout<dirent>.offset(of: \.d_name) else { return nil }
        let start = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
        return unsafe String(validatingCString: start)
    }

    private func kind(of name: String, type: Int32) throws(FileFailure) -> FileKind {
        switch type {
        case Int32(DT_REG): .regular
        case Int32(DT_DIR): .folder
        case Int32(DT_LNK): .symbolicLink
        default: try status(of: name).kind
        }
    }
}
