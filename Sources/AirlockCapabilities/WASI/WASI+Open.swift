import Airlock

extension WASI {
    /// `path_open`: a file or folder that the guest reads, writes or creates.
    static var openFunction: HostFunction<Self> {
        .wasiWaiting("path_open") {
            (
                wasi, call, number: UInt32, lookup: UInt32, path: UInt32, count: UInt32, flags: UInt32, rights: UInt64,
                inheriting: UInt64, descriptorFlags: UInt32, result: UInt32
            ) throws(WASIFailure) in
            let table = wasi.table(call)
            let descriptor = try table.descriptor(number, .openPath)
            let folder = try descriptor.folder
            let (place, usage) = try wasi.place(number, path, count, .openPath, call)
            _ = try follows(lookup)
            try call.checkRoom(4, at: result)
            let opening = try WASIOpening(
                flags, WASIRights(rawValue: rights), WASIRights(rawValue: inheriting), in: descriptor)
            let wantedFlags = try WASIDescriptorFlags(guest: descriptorFlags)
            try table.checkRoom()
            return try wasi.onDisk { () throws(FileFailure) in
                let opened = try opening.open(place, in: folder, usage)
                opened.change { $0.flags = wantedFlags }
                return opened
            } then: { (call, opened) throws(WASIFailure) in
                try call.put(try table.add(opened), at: result)
            }
        }
    }
}

/// How a guest wants to open a path, with no more rights than the folder's descriptor gives.
struct WASIOpening: Sendable {
    private let creation: FileCreation
    private let wantsFolder: Bool
    private let truncates: Bool
    private let writes: Bool
    private let rights: WASIRights
    private let inheriting: WASIRights

    /// - Parameter flags: `oflags` of the ABI: 1 create, 2 a folder, 4 nothing may be there, 8 empty it.
    init(
        _ flags: UInt32, _ rights: WASIRights, _ inheriting: WASIRights, in folder: WASIDescriptor
    ) throws(WASIFailure) {
        let (creates, isExclusive) = (flags & 1 != 0, flags & 4 != 0)
        wantsFolder = flags & 2 != 0
        truncates = flags & 8 != 0
        guard flags < 16, !wantsFolder || !(creates || truncates) else { throw .errno(.invalid) }
        creation = !creates ? .never : isExclusive ? .always : .ifMissing
        // Guests ask for every right that they may need. What makes a difference is whether they want to write.
        writes = rights.contains(.write) && !wantsFolder
        let state = folder.state
        guard !writes || state.inheriting.contains(.write), !creates || state.rights.contains(.createFile),
            !truncates || state.rights.contains(.pathSetSize)
        else { throw .errno(.notCapable) }
        self.rights = rights.intersection(state.inheriting)
        self.inheriting = inheriting.intersection(state.inheriting)
    }

    /// Opens it. It waits for the disk.
    func open(_ place: FilePlace, in folder: WASIFolder, _ usage: FileUsage) throws(FileFailure) -> WASIDescriptor {
        let ticket = try OpenFileTicket(usage)
        let isFolder = try wantsFolder ? true : isFolder(place)
        if isFolder {
            guard creation != .always else { throw .exists }
            guard !writes, !truncates else { throw .isFolder }
            let opened = WASIFolder(folder: try place.openFolder(), grant: folder.grant)
            return WASIDescriptor(
                .folder(opened), rights: rights.intersection(.writableFolder), inheriting: inheriting, ticket: ticket)
        }
        let file = try place.file(writing: writes || truncates, creation: creation, usage)
        if truncates { try usage.resize(file, to: 0) }
        var possible: WASIRights = writes ? .writableFile : []
        if !writes || rights.contains(.read) { possible.formUnion(.readableFile) }
        return WASIDescriptor(.file(file), rights: rights.intersection(possible), ticket: ticket)
    }

    private func isFolder(_ place: FilePlace) throws(FileFailure) -> Bool {
        do throws(FileFailure) {
            return try place.status().kind == .folder
        } catch {
            guard error == .notFound else { throw error }
            return false
        }
    }
}

extension FilePlace {
    /// The folder that the path names, as a descriptor of its own.
    fileprivate func openFolder() throws(FileFailure) -> Folder {
        path.names.isEmpty ? try root.reopened() : try root.folder(at: path)
    }
}
