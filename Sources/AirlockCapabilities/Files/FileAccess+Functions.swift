public import Airlock

extension FileAccess {
    public static let functions = HostFunctions<Self>(
        module: "airlock:files", contentFunctions + folderFunctions)

    private static var contentFunctions: [HostFunction<Self>] {
        [
            HostFunction("read") {
                (files, call, path: String, offset: UInt64, room: GuestBuffer) throws(HostError) -> HostWork<Int32> in
                try call.checkRoom(room)
                return files.reading(path, into: room) { (place) throws(FileFailure) in
                    try place.file(writing: false, files.usage)
                        .read(min(Int(room.capacity), maximumTransfer), at: offset)
                }
            },
            HostFunction("write") {
                (files, call, path: String, offset: UInt64, bytes: GuestBytes) throws(HostError) -> HostWork<Int32> in
                let bytes = try call.transferredBytes(of: bytes)
                return files.changing(path) { (place) throws(FileFailure) in
                    let file = try place.file(writing: true, creation: .ifMissing, files.usage)
                    return try files.usage.write(bytes, to: file, at: offset).count
                }
            },
            HostFunction("append") {
                (files, call, path: String, bytes: GuestBytes) throws(HostError) -> HostWork<Int32> in
                let bytes = try call.transferredBytes(of: bytes)
                return files.changing(path) { (place) throws(FileFailure) in
                    let file = try place.file(writing: true, creation: .ifMissing, files.usage)
                    return try files.usage.write(bytes, to: file, at: nil).count
                }
            },
            HostFunction("create") { (files, _, path: String) throws(HostError) -> HostWork<Int32> in
                files.changing(path) { (place) throws(FileFailure) in
                    _ = try place.file(writing: true, creation: .always, files.usage)
                    return 0
                }
            },
            HostFunction("resize") { (files, _, path: String, size: UInt64) throws(HostError) -> HostWork<Int32> in
                files.changing(path) { (place) throws(FileFailure) in
                    try files.usage.resize(try place.file(writing: true, files.usage), to: size)
                    return 0
                }
            },
        ]
    }

    private static var folderFunctions: [HostFunction<Self>] {
        [
            HostFunction("status") {
                (files, call, path: String, room: GuestBuffer) throws(HostError) -> HostWork<Int32> in
                try call.checkRoom(room)
                return files.reading(path, into: room) { (place) throws(FileFailure) in try place.status().encoded }
            },
            HostFunction("list") {
                (files, call, path: String, after: String, room: GuestBuffer) throws(HostError) -> HostWork<Int32> in
                try call.checkRoom(room)
                return files.reading(path, into: room) { (place) throws(FileFailure) in
                    try place.root.folder(at: place.path).entries(limit: files.limits.entriesPerListing)
                        .encoded(after: after, capacity: min(Int(room.capacity), maximumTransfer))
                }
            },
            HostFunction("remove") { (files, _, path: String) throws(HostError) -> HostWork<Int32> in
                files.changing(path) { (place) throws(FileFailure) in
                    try place.remove(.either)
                    return 0
                }
            },
            HostFunction("make_folder") { (files, _, path: String) throws(HostError) -> HostWork<Int32> in
                files.changing(path) { (place) throws(FileFailure) in
                    try place.makeFolder(files.usage)
                    return 0
                }
            },
            HostFunction("rename") { (files, _, from: String, to: String) throws(HostError) -> HostWork<Int32> in
                files.changing(from, "\(from) -> \(to)") { (place) throws(FileFailure) in
                    try place.rename(to: files.place(of: to, writing: true))
                    return 0
                }
            },
        ]
    }
}
