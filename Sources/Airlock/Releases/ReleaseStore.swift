import Crypto
import Synchronization

/// What a host keeps on disk about the releases of its plugins, in a folder of its own.
///
///     let releases = try ReleaseStore(folder: "/var/lib/service/releases")
///
/// For each plugin a record says which module was promoted last, which ones are kept to go back to, and which ones are in quarantine and
/// why. With it are the modules themselves, by their digests, and the signatures that came beside them. So a host that was killed in the
/// middle of a reload serves after its restart what was promoted last, and does not load again what it had quarantined.
///
/// The folder is made if there is none. It must belong to the user that the process runs as, and nobody else may write it. One store
/// uses it at a time: while one does, another one, in this process or elsewhere, is refused. A killed process leaves nothing locked.
///
/// A file is written completely, and is on the disk, before it gets its name. A record that is damaged all the same is an error, which
/// names the file; it never counts as none. Whoever wants to go on without it deletes the file.
///
/// Plugins are told apart by their names, which may be any texts. A second one of the same name is refused while the first is loaded.
///
/// Isolation: any thread, several at once. Everything here waits for the disk, some of it for several writes: use threads that may
/// wait, not those of a worker loop that serves calls.
public final class ReleaseStore: Sendable {
    /// The folder's path.
    public let folder: String

    private static let recordSuffix = ".json"
    private static let moduleSuffix = ".wasm"
    private static let signatureSuffix = ".wasm" + ModuleBytes.signatureSuffix

    /// Where plugins wait for the disk.
    package let thread: StoreThread
    private let files: ProtectedFolder
    private let lock: OpenFile
    /// Nothing is deleted while a record is about to name it.
    private let changes = Mutex(())
    /// The names of the plugins that use their records.
    private let claimed = Mutex<Set<String>>([])

    /// Opens the folder, or makes it, and removes what a killed process did not complete.
    /// - Throws: ``PluginError/Code/configuration`` where the folder cannot be used, others may write it, or another store uses it.
    public init(folder: String) throws(PluginError) {
        self.folder = folder
        files = try ProtectedFolder(folder, purpose: "folder of releases")
        do {
            lock = try files.open("lock", .lock)
            guard try lock.tryLock() else {
                throw PluginError(
                    .configuration,
                    message:
                        "the folder of releases '\(folder)' is in use by another host, expected one host for a folder"
                )
            }
            for entry in try files.entries() where entry.name.hasPrefix(ProtectedFolder.temporaryPrefix) {
                files.remove(entry.name)
            }
            thread = try StoreThread(folder: folder)
        } catch let error as PluginError {
            throw error
        } catch {
            throw PluginError(.configuration, message: "the folder of releases '\(folder)' cannot be used: \(error)")
        }
    }

    // MARK: Records

    /// The right of one plugin to the record of its name, until it is let go.
    final class Claim: Sendable {
        private let plugin: String
        private let store: ReleaseStore

        fileprivate init(_ plugin: String, _ store: ReleaseStore) {
            self.plugin = plugin
            self.store = store
        }

        deinit { _ = store.claimed.withLock { $0.remove(plugin) } }
    }

    /// Gives the record of a plugin to one plugin at a time.
    /// - Throws: ``PluginError/Code/configuration`` where another plugin has the same name.
    func claim(_ plugin: String) throws(PluginError) -> Claim {
        guard claimed.withLock({ $0.insert(plugin).inserted }) else {
            throw PluginError(
                .configuration, plugin: plugin,
                message:
                    "another plugin of this name uses the folder of releases '\(folder)', expected another name for each plugin"
            )
        }
        return Claim(plugin, self)
    }

    /// The record of a plugin; an empty one where there is none.
    /// - Throws: ``PluginError/Code/storage`` where it cannot be read or is damaged.
    package func record(of plugin: String) throws(PluginError) -> ReleaseRecord {
        try record(inFile: Self.file(of: plugin), of: plugin) ?? ReleaseRecord()
    }

    /// Replaces the record of a plugin. When this returns, it is on the disk; when it throws, the old one is there, or the new one.
    ///
    /// Of several calls for a plugin at once, the last one wins: whoever changes a record takes care that nobody else does.
    ///
    /// - Parameter modules: those of the modules that the record names which may not be kept yet. They are kept before the record is written.
    /// - Throws: ``PluginError/Code/storage`` where it cannot be written, or names a module that is not kept.
    package func save(
        _ record: ReleaseRecord,
        of plugin: String,
        keeping modules: [ModuleBytes] = []
    ) throws(PluginError) {
        if let mistake = record.mistake {
            throw failure(plugin, "the record is not saved: expected \(mistake.expected), got \(mistake.found)")
        }
        try changes.withLock { _ throws(PluginError) in
            do {
                for module in modules { try keep(module) }
                for digest in record.modules {
                    guard try files.facts(of: digest + Self.moduleSuffix)?.kind == .regular else {
                        throw failure(plugin, "the record names the module \(digest), expected one that is kept")
                    }
                }
                let json = try StoredRecord(record, of: plugin).json()
                try files.write([json], as: Self.file(of: plugin), isSynced: true)
            } catch let error as PluginError {
                throw error
            } catch {
                throw failure(plugin, "the record of releases in '\(folder)' cannot be written: \(error)")
            }
        }
    }

    private func record(inFile name: String, of plugin: String?) throws(PluginError) -> ReleaseRecord? {
        do {
            let file = try files.open(name, .readUnlinked)
            guard try file.facts().kind == .regular else {
                throw StoredRecord.Damage(expected: "a regular file", found: "something else")
            }
            return try StoredRecord.record(try file.read(atMost: StoredRecord.mostBytes + 1), of: plugin)
        } catch let failure as FileFailure where failure.isAbsence {
            return nil
        } catch let damage as StoredRecord.Damage {
            throw failure(
                plugin,
                "the record of releases '\(folder)/\(name)' is damaged: expected \(damage.expected), found \(damage.found)"
            )
        } catch {
            throw failure(plugin, "the record of releases '\(folder)/\(name)' cannot be read: \(error)")
        }
    }

    // MARK: Modules

    /// The module of a digest; nil where it is not kept.
    /// - Parameter most: the most bytes that it may have.
    /// - Throws: ``PluginError/Code/digestMismatch`` where its bytes are not those that were kept, ``PluginError/Code/moduleBounds`` where
    ///   it has more, and ``PluginError/Code/storage`` where it cannot be read.
    package func bytes(of digest: String, atMost most: Int) throws(PluginError) -> [UInt8]? {
        guard ReleaseRecord.isDigest(digest) else { return nil }
        let name = "the kept module '\(folder)/\(digest)\(Self.moduleSuffix)'"
        do {
            let file = try files.open(digest + Self.moduleSuffix, .readUnlinked)
            let facts = try file.facts()
            guard facts.kind == .regular else {
                throw PluginError(.storage, message: "\(name) is not a regular file")
            }
            let limit = min(max(most, 0), .max - 1)
            let bytes = facts.size > limit ? [] : try file.read(atMost: limit + 1)
            let size = max(facts.size, bytes.count)
            guard size <= limit else {
                throw PluginError(
                    .moduleBounds, message: "\(name) has \(size) bytes", limit: UInt64(limit), used: UInt64(size))
            }
            let found = hexadecimal(SHA256.hash(data: bytes))
            guard found == digest else {
                throw PluginError(.digestMismatch, message: "\(name) has the SHA-256 \(found), expected \(digest)")
            }
            return bytes
        } catch let error as PluginError {
            throw error
        } catch let failure as FileFailure where failure.isAbsence {
            return nil
        } catch {
            throw PluginError(.storage, message: "\(name) cannot be read: \(error)")
        }
    }

    /// The signatures that came beside the module of a digest; nil where there were none.
    ///
    /// Where plugins with the same module have different ones, it is those of the plugin that was kept last.
    /// - Throws: ``PluginError/Code/storage`` where they cannot be read.
    package func signature(of digest: String) throws(PluginError) -> [UInt8]? {
        guard ReleaseRecord.isDigest(digest) else { return nil }
        do {
            let file = try files.open(digest + Self.signatureSuffix, .readUnlinked)
            guard try file.facts().kind == .regular else { return nil }
            return try file.read(atMost: SignatureData.mostBytes + 1)
        } catch  where error.isAbsence {
            return nil
        } catch {
            throw PluginError(
                .storage,
                message: "the kept signature '\(folder)/\(digest)\(Self.signatureSuffix)' cannot be read: \(error)")
        }
    }

    /// Deletes the modules that no record names, and what came beside them. Where a record cannot be read, nothing is deleted.
    /// - Throws: ``PluginError/Code/storage``.
    package func prune() throws(PluginError) {
        try changes.withLock { _ throws(PluginError) in
            var named: Set<String> = []
            let entries = try names()
            for entry in entries {
                guard let key = Self.digest(entry, Self.recordSuffix) else { continue }
                named.formUnion(try record(inFile: key + Self.recordSuffix, of: nil)?.modules ?? [])
            }
            for entry in entries {
                let digest = Self.digest(entry, Self.moduleSuffix) ?? Self.digest(entry, Self.signatureSuffix)
                if let digest, !named.contains(digest) { files.remove(entry) }
            }
        }
    }

    /// Writes a module and its signatures, unless they are there already.
    private func keep(_ module: ModuleBytes) throws {
        if let signature = module.detachedSignature {
            try keep(signature, as: module.digest + Self.signatureSuffix)
        }
        try keep(module.bytes, as: module.digest + Self.moduleSuffix)
    }

    private func keep(_ bytes: [UInt8], as name: String) throws {
        if let file = try? files.open(name, .readUnlinked), try file.facts().kind == .regular,
            try file.read(atMost: bytes.count + 1) == bytes
        {
            return
        }
        try files.write([bytes], as: name, isSynced: true)
    }

    private func names() throws(PluginError) -> [String] {
        do {
            return try files.names()
        } catch {
            throw PluginError(.storage, message: "the folder of releases '\(folder)' cannot be read: \(error)")
        }
    }

    // MARK: Names

    /// A name that is as long for every plugin, and another one for each.
    private static func file(of plugin: String) -> String {
        hexadecimal(SHA256.hash(data: Array(plugin.utf8))) + recordSuffix
    }

    /// The digest that a file of ours is named by; nil where it is another file.
    private static func digest(_ file: String, _ suffix: String) -> String? {
        guard file.hasSuffix(suffix) else { return nil }
        let digest = String(file.dropLast(suffix.count))
        return ReleaseRecord.isDigest(digest) ? digest : nil
    }

    private func failure(_ plugin: String?, _ message: String) -> PluginError {
        PluginError(.storage, plugin: plugin ?? "", message: message)
    }
}
