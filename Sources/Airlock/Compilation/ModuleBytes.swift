import Crypto
import Wasmtime

/// A module in its binary form, as it came from its source.
public struct ModuleBytes: Sendable {
    /// The bytes, whatever they are.
    public let bytes: [UInt8]
    /// SHA-256 of the bytes, in lower-case hexadecimal.
    public let digest: String
    /// Its file, if it came from one.
    let path: String?
    /// Its file, or what was said of its bytes.
    let place: String?
    /// Signatures that are not in it, as far as they were read.
    private(set) var detachedSignature: [UInt8]?

    /// Reads what `source` holds, at most as many bytes as a module may have, compares its digest with the pinned one, and checks that one
    /// of the expected keys signed it.
    /// - Throws: ``PluginError/Code/invalidModule`` where it cannot be read, ``PluginError/Code/incomplete`` where the file is being written,
    ///   ``PluginError/Code/moduleBounds`` where it has more bytes, ``PluginError/Code/digestMismatch``, and
    ///   ``PluginError/Code/signatureRefused``.
    public init(_ source: PluginSource, most: Int) throws(PluginError) {
        let pinned = try Self.digits(of: source.pinnedDigest)
        let source = try source.resolved()
        bytes = try Self.read(source.origin, most: most)
        digest = hexadecimal(SHA256.hash(data: bytes))
        path = if case .file(let path) = source.origin { path } else { nil }
        place = path ?? source.place
        detachedSignature = source.detachedSignature
        if let pinned, pinned != digest {
            throw PluginError(.digestMismatch, message: "the module has the SHA-256 \(digest), expected \(pinned)")
        }
        if let keys = source.signers { try requireSignature(by: keys) }
    }

    /// Throws unless one of the keys signed the module. What was read beside it is kept.
    mutating func requireSignature(by keys: Set<ModuleVerificationKey>) throws(PluginError) {
        detachedSignature = try signatures(requiring: keys)?.detached
    }

    private static func digits(of pinned: String?) throws(PluginError) -> String? {
        guard let pinned else { return nil }
        guard pinned.utf8.count == 64, pinned.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else {
            throw PluginError(
                .configuration,
                message: "the pinned SHA-256 is '\(pinned)', expected 64 hexadecimal digits"
            )
        }
        return pinned.lowercased()
    }

    private static func read(_ origin: PluginSource.Origin, most: Int) throws(PluginError) -> [UInt8] {
        do {
            switch origin {
            case .bytes(let bytes): return bytes
            case .wat(let text): return try Module.binary(ofWAT: text)
            case .file(let path), .versions(let path): return try read(path, most: most)
            }
        } catch let error as PluginError {
            throw error
        } catch let error as WasmtimeError {
            throw PluginError(.invalidModule, message: error.message)
        } catch {
            throw PluginError(.invalidModule, message: "\(error)")
        }
    }

    private static func read(_ path: String, most: Int) throws -> [UInt8] {
        let file = try OpenFile(path, .read)
        guard file.isLeftByWriters() else {
            throw PluginError(
                .incomplete, message: "the file '\(path)' is open for writing, so that it may not be complete")
        }
        let facts = try file.facts()
        guard facts.kind == .regular else {
            throw PluginError(.invalidModule, message: "'\(path)' is not a regular file")
        }
        // The file may grow while it is read.
        let limit = min(max(most, 0), .max - 1)
        let bytes = facts.size > limit ? [] : try file.read(atMost: limit + 1)
        let size = max(facts.size, bytes.count)
        guard size <= limit else {
            throw PluginError(
                .moduleBounds,
                message: "the file '\(path)' has \(size) bytes",
                limit: UInt64(limit),
                used: UInt64(size)
            )
        }
        guard facts.isSameState(as: try file.facts()) else {
            throw PluginError(.incomplete, message: "the file '\(path)' was written while it was read")
        }
        return bytes
    }
}

extension PluginSource {
    /// The same source with exactly the bytes that were read from it.
    func holding(_ module: ModuleBytes) -> PluginSource {
        var source = self
        source.origin = .bytes(module.bytes)
        source.place = module.place
        source.pinnedDigest = module.digest
        source.detachedSignature = module.detachedSignature
        return source
    }
}

/// Bytes as hexadecimal digits.
func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
