#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What the system says about a file.
struct FileFacts: Sendable {
    enum Kind: Sendable {
        case regular
        case folder
        case link
        case other
    }

    let kind: Kind
    let owner: UInt32
    /// The lower nine bits of its mode.
    let permissions: UInt32
    let size: Int
    let device: UInt64
    let inode: UInt64
    /// When it was written, in nanoseconds since 1970. Whoever may write it may set this.
    let modified: Int64
    /// When it was written, renamed or given other permissions, in nanoseconds since 1970.
    let changed: Int64

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFLNK: .link
            default: .other
            }
        owner = status.st_uid
        permissions = UInt32(status.st_mode) & 0o777
        size = Int(status.st_size)
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
        #if canImport(Darwin)
        modified = Self.nanoseconds(status.st_mtimespec)
        changed = Self.nanoseconds(status.st_ctimespec)
        #else
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        #endif
    }

    /// Whether nothing was written, and no other file took its place, as far as times tell.
    func isSameState(as other: FileFacts) -> Bool {
        (device, inode, size, modified) == (other.device, other.inode, other.size, other.modified)
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
