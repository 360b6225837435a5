public import Airlock

/// In a manifest, a plugin asks for some of the folders, for folders in them, and for lower limits:
///
///     folders: [{path: /data/cart, access: read-write}, {path: /templates}]
///     bytesPerFile: 1 MiB
///     writtenBytes: 64 MiB
///
/// In a policy, each folder also has the host's path:
///
///     folders: [{host: /var/lib/shop/plugins, path: /data, access: read-write}]
///
/// A folder's access is `read-only` unless it says otherwise. The limits have the names of ``FileLimits``.
extension FileAccess: AttenuableCapability {
    /// Opens the folders that a policy names.
    public init(policy fields: inout ManifestFields) throws(PluginError) {
        let folders = try fields.maps("folders") { (folder) throws(PluginError) in
            guard let host = try folder.text("host") else { throw folder.missing("host", expected: "a folder's path") }
            guard let path = try folder.text("path") else {
                throw folder.missing("path", expected: "a path for guests")
            }
            return try PreopenedFolder(host, as: path, access: try folder.access() ?? .readOnly)
        }
        guard let folders else { throw fields.missing("folders", expected: "a list of folders") }
        try self.init(folders, limits: try fields.fileLimits(FileLimits()))
    }

    public func attenuated(to wish: CapabilityWish) throws(PluginError) -> FileAccess {
        let (wanted, wantedLimits) = try wish.read { (fields) throws(PluginError) in
            let wanted = try fields.maps("folders") { (folder) throws(PluginError) in
                guard let path = try folder.text("path") else {
                    throw folder.missing("path", expected: "a folder's path")
                }
                return (path, try folder.access() ?? PreopenedFolder.Access.readOnly)
            }
            return (wanted, try fields.fileLimits(limits))
        }
        let folders = try wanted.map { (wanted) throws(PluginError) in try narrowed(to: wanted) } ?? folders
        return FileAccess(folders, FileUsage(usage.limits.narrowed(to: wantedLimits), within: usage))
    }

    /// The most folders that a plugin may ask for: each keeps a descriptor of the host's open.
    private static let mostWanted = 64

    private func narrowed(
        to wanted: [(path: String, access: PreopenedFolder.Access)]
    ) throws(PluginError) -> [PreopenedFolder] {
        guard wanted.count <= Self.mostWanted else {
            throw PluginError(
                .configuration,
                message: "expected at most \(Self.mostWanted) folders, came \(wanted.count)"
            )
        }
        var folders: [PreopenedFolder] = []
        for (path, access) in wanted {
            let folder = try narrowed(to: path, access: access)
            guard !folders.contains(where: { $0.mount.names == folder.mount.names }) else {
                throw PluginError(
                    .configuration, message: "the folder \(LogText.quoted(Array(path.utf8))) is asked for twice")
            }
            folders.append(folder)
        }
        return folders
    }

    private func narrowed(to text: String, access: PreopenedFolder.Access) throws(PluginError) -> PreopenedFolder {
        do throws(FileFailure) {
            let path = try FilePath(text, isRooted: true)
            for folder in folders {
                if let narrowed = try folder.narrowed(to: path, access: access) { return narrowed }
            }
            throw .leadsOut("is in no granted folder")
        } catch {
            throw PluginError(
                .denied,
                message: "the folder \(LogText.quoted(Array(text.utf8))) (\(access)) \(error.reason); given: \(summary)"
            )
        }
    }
}

extension ManifestFields {
    fileprivate mutating func access() throws(PluginError) -> PreopenedFolder.Access? {
        try choice("access", of: ["read-only": .readOnly, "read-write": .readWrite])
    }

    /// The limits that are named here; the others are those given.
    fileprivate mutating func fileLimits(_ others: FileLimits) throws(PluginError) -> FileLimits {
        FileLimits(
            openFiles: try integer("openFiles", in: 0...1024) ?? others.openFiles,
            openFilesInAll: try integer("openFilesInAll", in: 0...Int.max) ?? others.openFilesInAll,
            bytesPerFile: try byteCount("bytesPerFile") ?? others.bytesPerFile,
            writtenBytes: try byteCount("writtenBytes") ?? others.writtenBytes,
            createdEntries: try integer("createdEntries", in: 0...Int.max) ?? others.createdEntries,
            entriesPerListing: try integer("entriesPerListing", in: 0...1_000_000) ?? others.entriesPerListing
        )
    }
}
