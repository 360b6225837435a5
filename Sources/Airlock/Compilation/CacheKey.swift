import CompilerProtocol
import Crypto
import Wasmtime

/// Names a compiled module by all that it depends on: the module's bytes as they are compiled, and the engine's version and settings.
struct CacheKey: Hashable, Sendable {
    static let byteCount = SHA256.byteCount

    /// SHA-256 of all that.
    let bytes: [UInt8]

    init(_ module: [UInt8], _ settings: CompilerSettings) {
        var hash = SHA256()
        hash.update(data: Array("airlock compiled module 1\n".utf8))
        hash.update(data: Words.bytes([UInt64(Engine.libraryMajorVersion)] + settings.words))
        // Everything before has a fixed length, so no two inputs run together.
        hash.update(data: module)
        bytes = Array(hash.finalize())
    }
}
