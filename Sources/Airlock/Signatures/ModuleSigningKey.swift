import Crypto

/// The secret half of a ``ModuleVerificationKey``, with which authors sign modules.
///
/// It is in memory for as long as it lives, and is not wiped. Signing belongs into tools and build machines, not into the host.
public struct ModuleSigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// Makes a new key.
    public init() {
        key = Curve25519.Signing.PrivateKey()
    }

    /// Reads a key in the form of WebAssembly's tool conventions ("Signatures", section "Signature algorithms and key serialization"), which
    /// `wasmsign2` and `airlock keygen` write (65 bytes, the first is 0x81), or in PKCS #8 (RFC 8410) as DER or PEM.
    /// - Throws: ``PluginError/Code/configuration`` where it is none of them, or the two halves do not belong together.
    public init(serialized bytes: [UInt8]) throws(PluginError) {
        guard case .secretKey(let secret, let expected) = KeyForm(file: bytes),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: secret)
        else {
            throw PluginError(
                .configuration,
                message:
                    "expected an Ed25519 secret key (a file of 65 bytes that begins with 0x81, or PKCS #8), came something else"
            )
        }
        if let expected, expected != Array(key.publicKey.rawRepresentation) {
            throw PluginError(.configuration, message: "the public key beside the secret one is not its other half")
        }
        self.key = key
    }

    /// Reads a file that nobody but its owner may read, and that the process's user owns; see ``init(serialized:)``.
    public init(file path: String) throws(PluginError) {
        let bytes = try KeyForm.bytes(of: path, isSecret: true)
        do {
            try self.init(serialized: bytes)
        } catch {
            throw PluginError(error.code, message: "\(LogText.quoted(Array(path.utf8))): \(error.message)")
        }
    }

    /// Writes the key into a new file that only its owner can read.
    /// - Throws: ``PluginError/Code/storage`` where it cannot be written, or there is something of that name.
    public func write(toNewFile path: String) throws(PluginError) {
        do {
            let file = try OpenFile(path, .create)
            try file.write(serialized)
            try file.synchronize()
        } catch {
            throw PluginError(.storage, message: "the key cannot be written: \(error)")
        }
    }

    /// The public half.
    public var verificationKey: ModuleVerificationKey { ModuleVerificationKey(key.publicKey) }

    private var serialized: [UInt8] {
        KeyForm.secretPrefix + Array(key.rawRepresentation) + Array(key.publicKey.rawRepresentation)
    }

    /// The module with a signature by this key, which covers all of it: as its first section, beside the signatures that it has there.
    /// - Throws: ``PluginError/Code/signatureRefused`` where it is not a core module, or its signatures are malformed.
    public func signed(_ module: [UInt8]) throws(PluginError) -> [UInt8] {
        let (parts, data) = try signatures(of: module)
        var content = BinaryWriter()
        content.vector(Array(SignedParts.sectionName.utf8))
        content.append(data)
        var writer = BinaryWriter()
        writer.append(module[..<SignedParts.preambleBytes])
        writer.section(0, content.bytes)
        writer.append(module[parts.body])
        return writer.bytes
    }

    /// A signature by this key for a module without signatures, as the content of a file beside it.
    /// - Throws: ``PluginError/Code/signatureRefused`` where it is not a core module, or has signatures in it.
    public func detachedSignature(of module: [UInt8]) throws(PluginError) -> [UInt8] {
        let (parts, data) = try signatures(of: module)
        guard parts.embedded == nil else {
            throw PluginError(
                .signatureRefused,
                message: "the module has signatures in it, beside which others do not count: expected one without")
        }
        return data
    }

    private func signatures(of module: [UInt8]) throws(PluginError) -> (SignedParts, [UInt8]) {
        let parts: SignedParts
        var data: SignatureData
        do throws(ModuleBoundsViolation) {
            parts = try SignedParts(of: module)
            data = try parts.embedded.map(SignatureData.init) ?? SignatureData()
        } catch {
            throw PluginError(.signatureRefused, message: "\(error)")
        }
        do {
            let made = Array(try key.signature(for: SignatureData.message(parts.hashes)))
            data.add(
                .init(keyID: verificationKey.identifier, algorithm: SignatureData.ed25519, bytes: made),
                for: parts.hashes)
        } catch {
            throw PluginError(.signatureRefused, message: "the module could not be signed: \(error)")
        }
        let written = data.serialized
        do throws(ModuleBoundsViolation) {
            _ = try SignatureData(BinaryReader(written))
        } catch {
            throw PluginError(.signatureRefused, message: "there is no room for one more signature: \(error)")
        }
        return (parts, written)
    }
}
