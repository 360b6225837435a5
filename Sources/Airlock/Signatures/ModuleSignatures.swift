/// The signatures of a module, in the format of WebAssembly's tool conventions (document "Signatures"), which `wasmsign2` and `airlock sign`
/// write.
///
///     let module = try ModuleBytes(.file("cart.wasm"), most: 16 << 20)
///     if let signatures = try module.signatures() { print(signatures.signers(among: keys)) }
///
/// They are in the module, in a custom section `signature` that must be its first section, or in a file beside it. Only what covers the
/// whole module counts: where the module has sections `signature_delimiter`, the hashes that were signed must be those of all its parts, in
/// their order (section "Signature verification algorithm for an entire module"). So a module that was cut at a delimiter, or that goes on
/// behind the last one that was signed, is not signed.
public struct ModuleSignatures: Sendable {
    /// One signature. Nothing here is believed: whoever wrote the file chose it.
    public struct Signature: Sendable, Hashable {
        /// What the signature calls its key, in hexadecimal; empty where it says nothing. See ``ModuleVerificationKey/id``.
        public let keyID: String
        /// The algorithm's identifier. 1 is Ed25519; others never verify here.
        public let algorithm: UInt8
        /// Whether it claims to be for the whole module, and for this one.
        public let coversModule: Bool
    }

    /// All signatures, in their order.
    public var all: [Signature] {
        data.sets.flatMap { set in
            set.signatures.map {
                Signature(
                    keyID: hexadecimal($0.keyID), algorithm: $0.algorithm, coversModule: set.hashes == hashes)
            }
        }
    }

    /// Whether they are in the module.
    public var isEmbedded: Bool { detached == nil }

    /// The content of the file beside the module, where they are there.
    let detached: [UInt8]?
    /// The module's own hashes.
    private let hashes: [[UInt8]]
    private let data: SignatureData

    /// Reads the signatures that are in a module, or else those in the content of a file beside it; nil where there are none in either.
    /// - Parameter detached: the file's content; asked for only where the module has no section `signature`.
    /// - Throws: ``PluginError/Code/signatureRefused`` where the module or its signatures are malformed, and what `detached` throws.
    init?(of module: [UInt8], detached: () throws(PluginError) -> [UInt8]?) throws(PluginError) {
        do throws(ModuleBoundsViolation) {
            let parts = try SignedParts(of: module)
            hashes = parts.hashes
            if let embedded = parts.embedded {
                data = try SignatureData(embedded)
                self.detached = nil
                return
            }
        } catch {
            throw PluginError(.signatureRefused, message: error.inWords(of: "the module"))
        }
        guard let content = try detached() else { return nil }
        do throws(ModuleBoundsViolation) {
            data = try SignatureData(BinaryReader(content))
        } catch {
            throw PluginError(.signatureRefused, message: error.inWords(of: "its detached signature"))
        }
        self.detached = content
    }

    /// Those of the keys that signed the whole module, in the order of their ``ModuleVerificationKey/id``.
    public func signers(among keys: some Sequence<ModuleVerificationKey>) -> [ModuleVerificationKey] {
        signers(among: keys) { $0 == hashes }
    }

    private func signers(
        among keys: some Sequence<ModuleVerificationKey>, of isWanted: ([[UInt8]]) -> Bool
    ) -> [ModuleVerificationKey] {
        let sets = data.sets.filter { isWanted($0.hashes) }
        return Set(keys).sorted { $0.id < $1.id }.filter { key in
            sets.contains { set in
                let message = SignatureData.message(set.hashes)
                return set.signatures.contains {
                    $0.algorithm == SignatureData.ed25519 && key.isValid($0.bytes, for: message)
                }
            }
        }
    }

    /// Why a module with these signatures is not signed by one of the keys; nil where it is.
    static func refusal(of signatures: ModuleSignatures?, expecting keys: Set<ModuleVerificationKey>) -> String? {
        let found: String
        if let signatures {
            guard let mistake = signatures.mistake(expecting: keys) else { return nil }
            found = mistake
        } else {
            found = "it is not signed"
        }
        return "\(found); \(expectation(of: keys))"
    }

    static func expectation(of keys: Set<ModuleVerificationKey>) -> String {
        let ids = keys.map(\.id).sorted()
        return
            "expected a signature by \(ids.count == 1 ? "the key" : "one of the keys") \(ids.joined(separator: ", "))"
    }

    private func mistake(expecting keys: Set<ModuleVerificationKey>) -> String? {
        guard signers(among: keys).isEmpty else { return nil }
        if let key = signers(among: keys, of: { $0 != hashes }).first {
            return
                "the key \(key.id) signed something else: the module was changed or cut, or sections were added, after that"
        }
        let signatures = data.sets.flatMap(\.signatures)
        guard !signatures.isEmpty else { return "it has a place for signatures and none in it" }
        let names = Set(signatures.map { $0.keyID.isEmpty ? "one without a name" : hexadecimal($0.keyID.prefix(32)) })
            .sorted()
        let others = names.count > 5 ? " and \(names.count - 5) more" : ""
        return "it is signed with other keys: \(names.prefix(5).joined(separator: ", "))\(others)"
    }
}

extension ModuleBoundsViolation {
    /// The same about something that need not be the module.
    fileprivate func inWords(of subject: String) -> String {
        guard case .malformed(let offset, let expected) = self else { return "\(self)" }
        return "\(subject) is malformed at byte \(offset): expected \(expected)"
    }
}
