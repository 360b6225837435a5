import Airlock

/// Names in folders.
extension WASI {
    static var pathFunctions: [HostFunction<Self>] {
        [
            openFunction,
            .wasiWaiting("path_create_directory") {
                (wasi, call, number: UInt32, path: UInt32, count: UInt32) throws(WASIFailure) in
                let place = try wasi.place(number, path, count, .createFolder, call)
                let usage = place.usage
                return try wasi.onDisk { () throws(FileFailure) in try place.place.makeFolder(usage) }
            },
            .wasiWaiting("path_remove_directory") {
                (wasi, call, number: UInt32, path: UInt32, count: UInt32) throws(WASIFailure) in
                let place = try wasi.place(number, path, count, .removeFolder, call).place
                return try wasi.onDisk { () throws(FileFailure) in try place.remove(.folder) }
            },
            .wasiWaiting("path_unlink_file") {
                (wasi, call, number: UInt32, path: UInt32, count: UInt32) throws(WASIFailure) in
                let place = try wasi.place(number, path, count, .removeFile, call).place
                return try wasi.onDisk { () throws(FileFailure) in try place.remove(.file) }
            },
            .wasiWaiting("path_rename") {
                (
                    wasi, call, number: UInt32, path: UInt32, count: UInt32, newNumber: UInt32, newPath: UInt32,
                    newCount: UInt32
                )
                    throws(WASIFailure) in
                let place = try wasi.place(number, path, count, .renameSource, call).place
                let newPlace = try wasi.place(newNumber, newPath, newCount, .renameTarget, call).place
                return try wasi.onDisk { () throws(FileFailure) in try place.rename(to: newPlace) }
            },
            .wasiWaiting("path_filestat_get") {
                (wasi, call, number: UInt32, lookup: UInt32, path: UInt32, count: UInt32, result: UInt32)
                    throws(WASIFailure) in
                let place = try wasi.place(number, path, count, .pathStatus, call).place
                try call.checkRoom(64, at: result)
                let follows = try follows(lookup)
                return try wasi.onDisk { () throws(FileFailure) in
                    let status = try place.status()
                    if follows { try place.refuseLink(status) }
                    return status
                } then: { (call, status) throws(WASIFailure) in
                    try call.put(status.wasiBytes, at: result)
                }
            },
            .wasiWaiting("path_filestat_set_times") {
                (
                    wasi, call, number: UInt32, lookup: UInt32, path: UInt32, count: UInt32, accessed: UInt64,
                    modified: UInt64, flags: UInt32
                ) throws(WASIFailure) in
                let (place, usage) = try wasi.place(number, path, count, .pathSetTimes, call)
                let times = try WASITimes(accessed, modified, flags)
                _ = try follows(lookup)
                return try wasi.onDisk { () throws(FileFailure) in
                    // Times are set on what was opened, so that a link which takes its place is not followed.
                    let opened =
                        try place.status().kind == .folder
                        ? place.root.folder(at: place.path).descriptor : place.file(writing: true, usage)
                    try opened.setTimes(accessed: times.accessed, modified: times.modified)
                }
            },
        ]
    }

    /// Whether `lookupflags` ask to follow a symbolic link. None is, so that one which should be followed is refused.
    static func follows(_ lookup: UInt32) throws(WASIFailure) -> Bool {
        guard lookup <= 1 else { throw .errno(.invalid) }
        return lookup == 1
    }

    /// The place that a guest names by a folder's descriptor and a path relative to it.
    func place(
        _ number: UInt32, _ path: UInt32, _ count: UInt32, _ rights: WASIRights, _ call: borrowing HostCall
    ) throws(WASIFailure) -> (place: FilePlace, usage: FileUsage) {
        let folder = try table(call).descriptor(number, rights).folder
        guard let usage = files?.usage else { throw .errno(.badDescriptor) }
        return (folder.place(of: try call.path(count, at: path)), usage)
    }
}

extension FilePlace {
    func refuseLink(_ status: FileStatus) throws(FileFailure) {
        guard status.kind == .symbolicLink, let name = path.names.last else { return }
        throw .leadsOut("leads to the symbolic link '\(name)', and links are not followed")
    }
}
