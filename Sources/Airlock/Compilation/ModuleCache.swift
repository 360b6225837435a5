import CompilerProtocol
import Crypto
import FoundationEssentials
import Synchronization
import Wasmtime

/// Compiled modules in a folder. Each is a file: a head, a message authentication code over the head and the module, and the module.
///
/// Files need no lock: they get their names when they are complete, and what another process deletes stays readable for who
/// has it open.
final class ModuleCache: Sendable {
    /// What was found under a key.
    enum Lookup: Sendable {
        case module(Module)
        case nothing
        /// What was there cannot be used and was deleted.
        case refused(String)
    }

    /// `AIRLOCKM` followed by the version of this format.
    private static let magic: [UInt64] = [0x4D4B_434F_4C52_4941, 1]
    /// The magic words, the key, and the length of the module.
    private static let headBytes = 8 * magic.count + CacheKey.byteCount + 8
    private static let suffix = ".cwasm"
    private static let keyFile = "key"

    private let folder: ProtectedFolder
    private let secret: SymmetricKey
    private let maximumBytes: Int
    private let eviction = Mutex(())

    /// Opens the folder and reads its key, or makes them.
    /// - Throws: ``PluginError/Code/configuration`` where others could have written there.
    init(_ settings: CompilationCache) throws(PluginError) {
        folder = try ProtectedFolder(settings.folder, purpose: "cache folder")
        secret = try Self.secret(in: folder)
        maximumBytes = settings.maximumBytes
    }

    /// The module of a key, for an engine with the settings that the key was made with.
    func load(_ key: CacheKey, engine: Engine) -> Lookup {
        let name = Self.name(of: key)
        do {
            let module = try authenticated(folder.open(name, .readUnlinked), key)
            folder.touch(name)
            // The bytes are those that were just authenticated, not what the file holds by now.
            return .module(try unsafe Module(engine: engine, unsafelyDeserializing: module))
        } catch let failure as FileFailure where failure.isAbsence {
            return .nothing
        } catch {
            folder.remove(name)
            return .refused("the compiled module '\(folder.path)/\(name)' is not used: \(error)")
        }
    }

    /// Keeps a compiled module, and deletes others that were not used for longest if there are too many.
    func store(_ module: [UInt8], for key: CacheKey) throws {
        guard module.count <= maximumBytes else { return }
        let head = Self.head(key, module.count)
        // Not synchronised with the disk: after a crash a file may be cut off, which is found when it is read.
        try folder.write([head, Array(authentication(of: head, module)), module], as: Self.name(of: key))
        evict()
    }

    private struct Unusable: Error, CustomStringConvertible {
        let description: String
    }

    private func authenticated(_ file: borrowing OpenFile, _ key: CacheKey) throws -> [UInt8] {
        let size = try file.facts().size
        let head = try file.read(atMost: Self.headBytes)
        let code = try file.read(atMost: SHA256.byteCount)
        guard head.count == Self.headBytes, code.count == SHA256.byteCount else {
            throw Unusable(description: "it has \(size) bytes, fewer than the head of a compiled module")
        }
        let count = max(0, min(size, maximumBytes + head.count + code.count) - head.count - code.count)
        guard head == Self.head(key, count) else {
            throw Unusable(description: "it is not complete, or was made for another module, engine or format")
        }
        let module = try file.read(atMost: count)
        // Takes the same time wherever the two differ.
        guard authentication(of: head, module) == code else {
            throw Unusable(description: "it was changed, or written with another key than that of its folder")
        }
        return module
    }

    private func authentication(of head: [UInt8], _ module: [UInt8]) -> HMAC<SHA256>.MAC {
        var code = HMAC<SHA256>(key: secret)
        code.update(data: head)
        code.update(data: module)
        return code.finalize()
    }

    private static func head(_ key: CacheKey, _ count: Int) -> [UInt8] {
        Words.bytes(magic) + key.bytes + Words.bytes([UInt64(count)])
    }

    private static func name(of key: CacheKey) -> String { hexadecimal(key.bytes) + suffix }

    private func evict() {
        eviction.withLock { _ in
            let entries = (try? folder.entries()) ?? []
            let stale = Int64(Date().timeIntervalSince1970 - 3600) * 1_000_000_000
            for entry in entries where entry.name.hasPrefix(ProtectedFolder.temporaryPrefix) && entry.used < stale {
                folder.remove(entry.name)
            }
            let modules = entries.filter { $0.name.hasSuffix(Self.suffix) }.sorted { $0.used < $1.used }
            var total = modules.reduce(0) { $0 + $1.size }
            for module in modules {
                guard total > maximumBytes else { break }
                folder.remove(module.name)
                total -= module.size
            }
        }
    }

    private static func openKey(in folder: borrowing ProtectedFolder) throws(FileFailure) -> OpenFile {
        do {
            return try folder.open(keyFile, .readUnlinked)
        } catch  where error.isAbsence {
            // Safe: the bytes are copied while they are lent.
            let fresh = unsafe SymmetricKey(size: .bits256).withUnsafeBytes { unsafe Array($0) }
            // Of several processes that begin at once, one makes the key.
            try folder.writeNew(fresh, as: keyFile)
            return try folder.open(keyFile, .readUnlinked)
        }
    }

    private static func secret(in folder: borrowing ProtectedFolder) throws(PluginError) -> SymmetricKey {
        let name = "the key '\(folder.path)/\(keyFile)'"
        do {
            let file = try openKey(in: folder)
            try ProtectedFolder.checkOwner(of: file, name, forbidden: 0o077, "use")
            let bytes = try file.read(atMost: 33)
            guard bytes.count == 32 else {
                throw PluginError(
                    .configuration,
                    message: "\(name) has \(bytes.count == 33 ? "more than 32" : "\(bytes.count)") bytes, expected 32"
                )
            }
            return SymmetricKey(data: bytes)
        } catch let error as PluginError {
            throw error
        } catch {
            throw PluginError(.configuration, message: "\(name) cannot be used: \(error)")
        }
    }
}
