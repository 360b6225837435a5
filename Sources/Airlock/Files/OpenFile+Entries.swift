#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// Foundation lists a folder by its path, which may lead elsewhere by then, and always to its end.

extension OpenFile {
    /// The names of this folder's entries, at most so many, in no order. Names that are not UTF-8 are left out.
    func names(atMost most: Int) throws(FileFailure) -> [String] {
        // With a descriptor of its own, since the place in the listing is the descriptor's. Safe: the stream owns it, and is closed once.
        let listed = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard listed >= 0 else { throw FileFailure("list", name) }
        guard let stream = unsafe fdopendir(listed) else {
            let failure = FileFailure("list", name)
            close(listed)
            throw failure
        }
        defer { unsafe closedir(stream) }

        var names: [String] = []
        while names.count < most {
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                guard errno == 0 else { throw FileFailure("list", name) }
                break
            }
            // Safe: the name ends with a zero byte. The entry may end there, too, before its type does, so that it is not copied.
            let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
            let start = unsafe UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            guard let name = unsafe String(validatingCString: start), name != ".", name != ".." else { continue }
            names.append(name)
        }
        return names
    }

    /// What an entry of this folder is; nil where there is none, or a link of the way leads nowhere.
    func facts(of entry: String, followsLinks: Bool) throws(FileFailure) -> FileFacts? {
        var status = stat()
        // Safe: the call writes this one value.
        let result = unsafe fstatat(descriptor, entry, &status, followsLinks ? 0 : AT_SYMLINK_NOFOLLOW)
        if result == 0 { return FileFacts(status) }
        guard [ENOENT, ENOTDIR, ELOOP].contains(errno) else { throw FileFailure("look at", entry) }
        return nil
    }
}
