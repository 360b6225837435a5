import Crypto

/// A public key that tells whether a module was signed by the one who has the other half: Ed25519 (RFC 8032).
///
///     let release = try ModuleVerificationKey(text: "b1946ac9…")              // 64 hexadecimal digits, or another form
///     let build = try ModuleVerificationKey(file: "keys/build.pub")
///     let plugin = try await host.load(.file("cart.wasm").signed(by: [release, build]))
///
/// A key says who signed, and nothing else: each module that it ever signed, in each of its versions, can stand for each plugin that is
/// held to the key. Whoever wants plugins told apart gives them different keys; whoever wants one version and no older one pins its digest.
public struct ModuleVerificationKey: Sendable, Hashable, CustomStringConvertible {
    /// The key as RFC 8032 encodes it: 32 bytes.
    public let rawRepresentation: [UInt8]

    /// - Parameter bytes: the key as RFC 8032 encodes it: 32 bytes.
    /// - Throws: ``PluginError/Code/configuration`` where it has another number of bytes, or is one of the few with which signatures verify
    ///   that nobody made with a secret key, such as 32 zeros.
    public init(rawRepresentation bytes: [UInt8]) throws(PluginError) {
        guard bytes.count == KeyForm.keyBytes else {
            throw PluginError(
                .configuration, message: "an Ed25519 public key has \(KeyForm.keyBytes) bytes, came \(bytes.count)")
        }
        guard !KeyForm.isForAnybody(bytes) else { throw KeyForm.forAnybody }
        rawRepresentation = bytes
    }

    /// Reads a key in one of these forms, told apart by how they look: 64 hexadecimal digits; Base64 of the 32 bytes; a PEM block
    /// `PUBLIC KEY` (RFC 8410); a line of OpenSSH that begins with `ssh-ed25519`. Hexadecimal digits and Base64 may also be of one of the
    /// forms that ``init(serialized:)`` reads.
    /// - Throws: ``PluginError/Code/configuration`` where it is none of them. The message does not show the text, which may be a secret.
    public init(text: String) throws(PluginError) {
        guard let form = KeyForm(text: text) else { throw KeyForm.notPublic(nil) }
        try self.init(form)
    }

    /// Reads the bytes of a file with a key: the form of WebAssembly's tool conventions ("Signatures", section "Signature algorithms and
    /// key serialization"), which `wasmsign2` and `airlock keygen` write (33 bytes, the first is 1); a `SubjectPublicKeyInfo` in DER
    /// (RFC 8410); or one of the forms of ``init(text:)``.
    /// - Throws: ``PluginError/Code/configuration`` where it is none of them.
    public init(serialized bytes: [UInt8]) throws(PluginError) {
        guard let form = KeyForm(file: bytes) else { throw KeyForm.notPublic(nil) }
        try self.init(form)
    }

    /// Reads a file; see ``init(serialized:)``.
    public init(file path: String) throws(PluginError) {
        let bytes = try KeyForm.bytes(of: path, isSecret: false)
        do {
            try self.init(serialized: bytes)
        } catch {
            throw PluginError(error.code, message: "\(LogText.quoted(Array(path.utf8))): \(error.message)")
        }
    }

    init(_ key: Curve25519.Signing.PublicKey) {
        rawRepresentation = Array(key.rawRepresentation)
    }

    private init(_ form: KeyForm) throws(PluginError) {
        guard case .publicKey(let bytes) = form else { throw KeyForm.notPublic(form) }
        try self.init(rawRepresentation: bytes)
    }

    /// What messages and signatures call the key, in 24 hexadecimal digits: the first 12 bytes of HMAC-SHA-256 of `key_id` under the key's
    /// bytes. The tool conventions leave that open; `wasmsign2` names keys so.
    public var id: String { hexadecimal(identifier) }

    var identifier: [UInt8] {
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("key_id".utf8), using: SymmetricKey(data: rawRepresentation))
        return Array(Array(code).prefix(12))
    }

    /// The key's bytes as tools read them from a file: 33 bytes, the first is 1.
    public var serialized: [UInt8] { [1] + rawRepresentation }

    /// The key's ``id``.
    public var description: String { id }

    func isValid(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        // It only fails for another number of bytes.
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: rawRepresentation) else { return false }
        return key.isValidSignature(signature, for: message)
    }
}
