#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What tells one state of a file from another without reading it.
struct FileIdentity: Equatable {
    let device: UInt64
    let inode: UInt64
    let size: Int64
    /// When it was written, or given other permissions, in nanoseconds since 1970.
    let changed: Int64

    fileprivate init(_ status: stat) {
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        #if canImport(Darwin)
        let time = status.st_ctimespec
        #else
        let time = status.st_ctim
        #endif
        changed = Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// The way from the root to what a path leads to, through every symbolic link, as far as it exists.
struct PathTrace {
    /// A folder on the way.
    struct Folder: Equatable {
        let device: UInt64
        let inode: UInt64
        /// The names in it that decide where the path leads.
        var names: Set<String> = []

        func isSameFolder(as other: Folder) -> Bool {
            device == other.device && inode == other.inode
        }
    }

    /// How many symbolic links the system follows.
    private static let linkLimit = 40

    /// By their paths, which are free of symbolic links.
    private(set) var folders: [String: Folder] = [:]
    /// What the path leads to, if it leads anywhere.
    private(set) var identity: FileIdentity?
    /// Where the way ends: the folder and the name in it.
    private(set) var end: (folder: String, name: String) = ("/", "")
    /// The folder that the path leads to, if it leads to one.
    private(set) var endFolder: String?

    /// Follows an absolute path.
    init(_ path: String) {
        var ahead = Array(path.split(separator: "/").reversed())
        var links = 0
        var folder = "/"
        guard let root = Self.status(of: "/") else {
            return
        }
        enter(folder, root)
        identity = FileIdentity(root)

        while let name = ahead.popLast() {
            if name == "." {
                continue
            }
            if name == ".." {
                folder = Self.parent(of: folder)
                continue
            }
            end = (folder, String(name))
            folders[folder]?.names.insert(end.name)
            let next = Self.join(folder, end.name)
            guard let status = Self.status(of: next) else {
                identity = nil
                return
            }
            identity = FileIdentity(status)
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                folder = next
                enter(folder, status)
            case S_IFLNK:
                links += 1
                identity = nil
                guard links <= Self.linkLimit, let target = Self.target(of: next) else {
                    return
                }
                if target.hasPrefix("/") {
                    folder = "/"
                }
                ahead.append(contentsOf: target.split(separator: "/").reversed())
            default:
                identity = ahead.isEmpty ? identity : nil
                return
            }
        }
        endFolder = folder
    }

    private mutating func enter(_ path: String, _ status: stat) {
        if folders[path] == nil {
            let identity = FileIdentity(status)
            folders[path] = Folder(device: identity.device, inode: identity.inode)
        }
    }

    private static func status(of path: String) -> stat? {
        var status = stat()
        // Safe: the path is read and one value written, during the call only.
        return unsafe lstat(path, &status) == 0 ? status : nil
    }

    private static func target(of path: String) -> String? {
        // Safe: no more is written than the buffer takes, and only that is read.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let start = buffer.baseAddress else {
                return nil
            }
            let count = unsafe readlink(path, start, buffer.count)
            guard count >= 0 else {
                return nil
            }
            return unsafe String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder == "/" ? "/\(name)" : "\(folder)/\(name)"
    }

    private static func parent(of folder: String) -> String {
        guard let slash = folder.lastIndex(of: "/"), slash != folder.startIndex else {
            return "/"
        }
        return String(folder[..<slash])
    }

    /// A path from the root: a relative one is taken from the working directory as it is now.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else {
            return path
        }
        // Safe: no more is written than the buffer takes, with a zero at its end.
        let working = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            unsafe getcwd(buffer.baseAddress, buffer.count).map { unsafe String(cString: $0) }
        }
        return join(working ?? "/", path)
    }
}
