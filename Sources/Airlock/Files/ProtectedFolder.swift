import FoundationEssentials

#if canImport(Darwin)
import Darwin
#elseif canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A folder that nobody but its owner can write. It is opened once, and everything in it is reached through that descriptor: exchanging
/// the folder behind its path changes nothing.
struct ProtectedFolder: ~Copyable, Sendable {
    /// A file in the folder.
    struct Entry: Sendable {
        let name: String
        let size: Int
        /// When it was last used, in nanoseconds since 1970.
        let used: Int64
    }

    let path: String
    private let folder: OpenFile

    /// Opens the folder, and makes it if there is none.
    /// - Parameter purpose: what errors call it, as in `the cache folder '/var/cache'`.
    /// - Throws: ``PluginError/Code/configuration`` where it cannot be used or others may write it.
    init(_ path: String, purpose: String) throws(PluginError) {
        folder = try Self.opened(path, name: "the \(purpose) '\(path)'")
        self.path = path
    }

    private static func opened(_ path: String, name: String) throws(PluginError) -> OpenFile {
        do {
            // The folder that is made would be another one.
            guard !path.utf8.contains(0) else { throw FileFailure("open", path, code: EINVAL) }
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
            let folder = try OpenFile(path, .folder)
            try checkOwner(of: folder, name, forbidden: 0o022, "write")
            return folder
        } catch let error as PluginError {
            throw error
        } catch {
            throw PluginError(.configuration, message: "\(name) cannot be used: \(error)")
        }
    }

    /// Throws where the file belongs to another user, or gives one of the `forbidden` permissions.
    static func checkOwner(
        of file: borrowing OpenFile,
        _ name: String,
        forbidden: UInt32,
        _ verb: String
    ) throws {
        let facts = try file.facts()
        guard facts.owner == geteuid() else {
            throw PluginError(
                .configuration,
                message:
                    "\(name) belongs to user \(facts.owner), expected user \(geteuid()), which this process runs as"
            )
        }
        guard facts.permissions & forbidden == 0 else {
            throw PluginError(
                .configuration,
                message: """
                    others may \(verb) \(name): its permissions are \(String(facts.permissions, radix: 8)), expected \
                    \(String(facts.permissions & ~forbidden, radix: 8))
                    """
            )
        }
    }

    func open(_ entry: String, _ mode: OpenFile.Mode) throws(FileFailure) -> OpenFile {
        try folder.open(entry, mode)
    }

    func facts(of entry: String) throws(FileFailure) -> FileFacts? {
        try folder.facts(of: entry, followsLinks: false)
    }

    /// Writes a new file completely before it gets its name. Replaces the one that has it.
    /// - Parameter isSynced: whether it waits until the file and its name are on the disk.
    func write(_ parts: [[UInt8]], as entry: String, isSynced: Bool = false) throws(FileFailure) {
        try writeTemporary(parts, isSynced: isSynced) { (temporary) throws(FileFailure) in
            // Safe: the names are read during the call only. So they are in each call below.
            guard unsafe renameat(folder.descriptor, temporary, folder.descriptor, entry) == 0 else {
                throw FileFailure("name", entry)
            }
        }
        if isSynced { try folder.synchronize() }
    }

    /// Writes a new file completely before it gets its name, unless there is one of that name by then.
    func writeNew(_ bytes: [UInt8], as entry: String) throws(FileFailure) {
        try writeTemporary([bytes], isSynced: true) { (temporary) throws(FileFailure) in
            let isNew = unsafe linkat(folder.descriptor, temporary, folder.descriptor, entry, 0) == 0
            guard isNew || errno == EEXIST else { throw FileFailure("name", entry) }
            remove(temporary)
        }
    }

    private func writeTemporary(
        _ parts: [[UInt8]],
        isSynced: Bool,
        _ name: (String) throws(FileFailure) -> Void
    ) throws(FileFailure) {
        let temporary = "\(Self.temporaryPrefix)\(UUID().uuidString)"
        do throws(FileFailure) {
            let file = try folder.open(temporary, .create)
            for part in parts { try file.write(part) }
            if isSynced { try file.synchronize() }
            try name(temporary)
        } catch {
            remove(temporary)
            throw error
        }
    }

    /// Says that a file was just used.
    func touch(_ entry: String) {
        unsafe utimensat(folder.descriptor, entry, nil, AT_SYMLINK_NOFOLLOW)
    }

    func remove(_ entry: String) {
        unsafe unlinkat(folder.descriptor, entry, 0)
    }

    /// What a file is called before it is complete.
    static let temporaryPrefix = ".new-"

    /// The names of all that is in the folder.
    func names() throws(FileFailure) -> [String] {
        try folder.names(atMost: .max)
    }

    /// The regular files in the folder.
    func entries() throws(FileFailure) -> [Entry] {
        var entries: [Entry] = []
        for name in try names() {
            guard let facts = try facts(of: name), facts.kind == .regular else { continue }
            entries.append(Entry(name: name, size: facts.size, used: facts.modified))
        }
        return entries
    }
}
