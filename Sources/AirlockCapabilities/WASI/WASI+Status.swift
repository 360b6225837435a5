import Airlock

/// Sizes, times, and the contents of folders.
extension WASI {
    static var statusFunctions: [HostFunction<Self>] {
        [
            .wasiWaiting("fd_filestat_get") { (wasi, call, number: UInt32, result: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number, .status)
                try call.checkRoom(64, at: result)
                guard let file = descriptor.openFile else {
                    let kind = [UInt8](repeating: 0, count: 16) + [descriptor.kind]
                    try call.put(kind + [UInt8](repeating: 0, count: 64 - kind.count), at: result)
                    return .done
                }
                return try wasi.onDisk { () throws(FileFailure) in
                    try file.status
                } then: { (call, status) throws(WASIFailure) in
                    try call.put(status.wasiBytes, at: result)
                }
            },
            .wasiWaiting("fd_filestat_set_size") { (wasi, call, number: UInt32, size: UInt64) throws(WASIFailure) in
                let file = try wasi.table(call).descriptor(number, .setSize).file
                guard let usage = wasi.files?.usage else { throw .errno(.badDescriptor) }
                return try wasi.onDisk { () throws(FileFailure) in try usage.resize(file, to: size) }
            },
            .wasiWaiting("fd_filestat_set_times") {
                (wasi, call, number: UInt32, accessed: UInt64, modified: UInt64, flags: UInt32) throws(WASIFailure) in
                let descriptor = try wasi.table(call).descriptor(number, .setTimes)
                let times = try WASITimes(accessed, modified, flags)
                guard let file = descriptor.openFile else { throw .errno(.invalid) }
                return try wasi.onDisk { () throws(FileFailure) in
                    try file.setTimes(accessed: times.accessed, modified: times.modified)
                }
            },
            .wasiWaiting("fd_allocate") {
                (wasi, call, number: UInt32, offset: UInt64, count: UInt64) throws(WASIFailure) in
                let file = try wasi.table(call).descriptor(number, .allocate).file
                guard let usage = wasi.files?.usage else { throw .errno(.badDescriptor) }
                let (end, overflow) = offset.addingReportingOverflow(count)
                guard !overflow, count > 0 else { throw .errno(overflow ? .fileTooBig : .invalid) }
                return try wasi.onDisk { () throws(FileFailure) in
                    if try file.status.size < end { try usage.resize(file, to: end) }
                }
            },
            .wasi("fd_advise") {
                (wasi, call, number: UInt32, _: UInt64, _: UInt64, advice: UInt32) throws(WASIFailure) in
                _ = try wasi.table(call).descriptor(number, .advise)
                guard advice <= 5 else { throw .errno(.invalid) }
            },
            synchronizing("fd_sync", .sync),
            synchronizing("fd_datasync", .dataSync),
            .wasiWaiting("fd_readdir") {
                (wasi, call, number: UInt32, room: UInt32, capacity: UInt32, cookie: UInt64, result: UInt32)
                    throws(WASIFailure) in
                let table = wasi.table(call)
                let descriptor = try table.descriptor(number, .readFolder)
                let folder = try descriptor.folder.folder
                guard let limit = wasi.files?.limits.entriesPerListing else { throw .errno(.badDescriptor) }
                try call.checkRoom(capacity, at: room)
                try call.checkRoom(4, at: result)
                // A listing begins anew with the cookie 0, and goes on in what was found then.
                let kept = cookie == 0 ? nil : table.listing(of: descriptor)
                return try wasi.onDisk { () throws(FileFailure) in
                    let inode = try folder.descriptor.status.inode
                    let entries = try kept == nil ? folder.entries(limit: limit) : kept ?? []
                    if kept == nil { table.keep(entries, of: descriptor) }
                    return entries.wasiBytes(from: cookie, inode: inode, capacity: Int(capacity))
                } then: { (call, bytes) throws(WASIFailure) in
                    try call.put(bytes, at: room)
                    try call.put(UInt32(bytes.count), at: result)
                }
            },
        ]
    }

    private static func synchronizing(_ name: String, _ right: WASIRights) -> HostFunction<Self> {
        .wasiWaiting(name) { (wasi, call, number: UInt32) throws(WASIFailure) in
            guard let file = try wasi.table(call).descriptor(number, right).openFile else { throw .errno(.invalid) }
            return try wasi.onDisk { () throws(FileFailure) in try file.synchronize() }
        }
    }
}

/// The times that a guest wants to set.
struct WASITimes: Sendable {
    let accessed: FileTime
    let modified: FileTime

    /// - Parameter flags: `fstflags` of the ABI: 1 the access time as given, 2 now; 4 and 8 the same for the modification.
    init(_ accessed: UInt64, _ modified: UInt64, _ flags: UInt32) throws(WASIFailure) {
        guard flags < 16, flags & 3 != 3, flags & 12 != 12 else { throw .errno(.invalid) }
        self.accessed = flags & 1 != 0 ? .at(accessed) : flags & 2 != 0 ? .now : .unchanged
        self.modified = flags & 4 != 0 ? .at(modified) : flags & 8 != 0 ? .now : .unchanged
    }
}

extension WASIDescriptor {
    /// What of the operating system it stands for, unless it is a standard stream.
    fileprivate var openFile: FileDescriptor? {
        switch target {
        case .file(let file): file
        case .folder(let folder): folder.folder.descriptor
        case .input, .output: nil
        }
    }
}
