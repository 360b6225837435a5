/// The records of the ABI that describe files. Source: the witx definitions of `filestat`, `dirent` and `filetype`.
extension FileStatus {
    /// As `filestat`, 64 bytes.
    var wasiBytes: [UInt8] {
        device.littleEndianBytes + inode.littleEndianBytes + UInt64(kind.wasiNumber).littleEndianBytes
            + links.littleEndianBytes + size.littleEndianBytes + accessed.littleEndianBytes
            + modified.littleEndianBytes + changed.littleEndianBytes
    }
}

extension FileKind {
    /// As `filetype`.
    var wasiNumber: UInt8 {
        switch self {
        case .other: 0
        case .blockDevice: 1
        case .characterDevice: 2
        case .folder: 3
        case .regular: 4
        case .socket: 6
        case .symbolicLink: 7
        }
    }
}

extension [FolderEntry] {
    /// The entries as `dirent` records, each with its name behind it, and before them `.` and `..`. The last one is cut where the room
    /// ends, which tells a guest that there are more.
    /// - Parameters:
    ///   - cookie: how many entries the guest has seen.
    ///   - inode: the folder's own; its parent's is not told.
    func wasiBytes(from cookie: UInt64, inode: UInt64, capacity: Int) -> [UInt8] {
        let own = [".", ".."].map { FolderEntry(name: $0, inode: inode, kind: .folder) }
        var bytes: [UInt8] = []
        var next = cookie
        while bytes.count < capacity, next < UInt64(count + own.count) {
            let index = Int(next)
            let entry = index < own.count ? own[index] : self[index - own.count]
            next += 1
            bytes += next.littleEndianBytes + entry.inode.littleEndianBytes
            bytes += UInt32(clamping: entry.name.utf8.count).littleEndianBytes
            bytes += UInt32(entry.kind.wasiNumber).littleEndianBytes + Array<UInt8>(entry.name.utf8)
        }
        return Array<UInt8>(bytes.prefix(capacity))
    }
}
