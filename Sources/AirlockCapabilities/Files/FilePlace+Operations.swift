/// The operations that both faces of the file capability have. They wait for the disk.
extension FilePlace {
    /// The regular file that the path names.
    /// - Parameter creation: whether a file that is not there is made, and one that is there refused.
    func file(writing: Bool, creation: FileCreation = .never, _ usage: FileUsage) throws(FileFailure) -> FileDescriptor
    {
        let (folder, name) = try parent()
        guard let name else { throw creation == .always ? .exists : .isFolder }
        // Another program may remove or make the file between the look and the act; then it is looked at once more.
        var attempts = 0
        while true {
            attempts += 1
            do throws(FileFailure) {
                return try existing(name, in: folder, writing: writing, creation)
            } catch {
                guard error == .notFound, creation != .never else { throw error }
            }
            guard !path.wantsFolder else { throw .isFolder }
            do throws(FileFailure) {
                return try usage.create { () throws(FileFailure) in
                    try folder.file(named: name, writing: true, creating: true)
                }
            } catch {
                guard error == .exists, creation == .ifMissing, attempts < 3 else { throw error }
            }
        }
    }

    private func existing(
        _ name: String, in folder: Folder, writing: Bool, _ creation: FileCreation
    ) throws(FileFailure) -> FileDescriptor {
        let status = try folder.status(of: name)
        guard creation != .always else { throw .exists }
        switch status.kind {
        case .symbolicLink: try folder.refuseLink(name)
        case .folder: throw .isFolder
        case .regular: break
        default: throw .notRegular
        }
        guard !path.wantsFolder else { throw .notFolder }
        let file = try folder.file(named: name, writing: writing)
        if writing, try file.status.links > 1 { throw .hasOtherNames }
        return file
    }

    func status() throws(FileFailure) -> FileStatus {
        let (folder, name) = try parent()
        guard let name else { return try folder.descriptor.status }
        let status = try folder.status(of: name)
        if path.wantsFolder, status.kind != .folder {
            try folder.refuseLink(name)
            throw .notFolder
        }
        return status
    }

    func makeFolder(_ usage: FileUsage) throws(FileFailure) {
        let (folder, name) = try parent()
        guard let name else { throw .exists }
        try usage.create { () throws(FileFailure) in try folder.makeFolder(named: name) }
    }

    /// Removes what the path names.
    /// - Parameter wanted: what it must be.
    func remove(_ wanted: RemovedKind) throws(FileFailure) {
        let (folder, name) = try parent()
        guard let name else { throw .notRegular }
        let isFolder = try folder.status(of: name).kind == .folder
        guard isFolder || (wanted != .folder && !path.wantsFolder) else { throw .notFolder }
        guard !isFolder || wanted != .file else { throw .isFolder }
        try folder.remove(name, folder: isFolder)
    }

    /// Renames within one granted folder.
    func rename(to other: FilePlace) throws(FileFailure) {
        guard grant == other.grant else { throw .differentFolders }
        let (folder, name) = try parent()
        let (newFolder, newName) = try other.parent()
        guard let name, let newName else { throw .notRegular }
        // A relative link would lead elsewhere from another place.
        try folder.refuseLink(name)
        if path.wantsFolder || other.path.wantsFolder {
            guard try folder.status(of: name).kind == .folder else { throw .notFolder }
        }
        try folder.rename(name, to: newName, in: newFolder)
    }
}

/// Whether opening a file makes it.
enum FileCreation: Sendable {
    case never
    case ifMissing
    case always
}

/// What a removal is for.
enum RemovedKind: Sendable {
    case file
    case folder
    case either
}
