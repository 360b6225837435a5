#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// What a name in a folder stands for.
enum FileKind: Sendable {
    case folder
    case regular
    case symbolicLink
    case blockDevice
    case characterDevice
    case socket
    case other

    init(mode: mode_t) {
        self =
            switch mode & S_IFMT {
            case S_IFDIR: .folder
            case S_IFREG: .regular
            case S_IFLNK: .symbolicLink
            case S_IFBLK: .blockDevice
            case S_IFCHR: .characterDevice
            case S_IFSOCK: .socket
            default: .other
            }
    }
}

/// What the operating system knows of a file.
struct FileStatus: Sendable {
    var kind: FileKind
    var device: UInt64
    var inode: UInt64
    /// How many names it has.
    var links: UInt64
    /// In bytes.
    var size: UInt64
    /// In nanoseconds since 1970, clamped to what 64 bits hold.
    var accessed: UInt64
    var modified: UInt64
    var changed: UInt64

    init(_ status: stat) {
        kind = FileKind(mode: status.st_mode)
        device = UInt64(truncatingIfNeeded: status.st_dev)
        inode = UInt64(status.st_ino)
        links = UInt64(status.st_nlink)
        size = UInt64(clamping: status.st_size)
        #if canImport(Darwin)
        accessed = Self.nanoseconds(status.st_atimespec)
        modified = Self.nanoseconds(status.st_mtimespec)
        changed = Self.nanoseconds(status.st_ctimespec)
        #else
        accessed = Self.nanoseconds(status.st_atim)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        #endif
    }

    private static func nanoseconds(_ time: timespec) -> UInt64 {
        guard time.tv_sec >= 0 else { return 0 }
        let (seconds, overflow) = UInt64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : seconds &+ UInt64(clamping: time.tv_nsec)
    }
}

/// A time to set on a file.
enum FileTime: Sendable {
    case unchanged
    case now
    /// In nanoseconds since 1970.
    case at(UInt64)

    var timespec: timespec {
        // Source: <sys/stat.h>; Swift does not import these two macros.
        #if canImport(Darwin)
        let (now, omit) = (-1, -2)
        #else
        let (now, omit) = ((1 << 30) - 1, (1 << 30) - 2)
        #endif
        var value = zeroTime
        switch self {
        case .unchanged: value.tv_nsec = omit
        case .now: value.tv_nsec = now
        case .at(let nanoseconds):
            value.tv_sec = Int(nanoseconds / 1_000_000_000)
            value.tv_nsec = Int(nanoseconds % 1_000_000_000)
        }
        return value
    }

    private var zeroTime: timespec { .init() }
}
