import Airlock

/// The signatures of a module, as `airlock inspect` shows them.
struct SignatureReport: Encodable {
    struct Signature: Encodable {
        /// What it calls its key; absent where it says nothing. It may be anybody's claim.
        var keyID: String?
        var algorithm: String
        /// Whether it claims to be for the whole module, as it is.
        var coversModule: Bool
    }

    /// `module`, `file` for the one beside the module, or `nowhere`.
    var place = "nowhere"
    var signatures: [Signature] = []
    /// The keys that were asked for, by the option or the policy, and that signed the whole module.
    var verified: [String] = []
    /// Why the signatures cannot be read.
    var damage: String?

    init(_ signatures: ModuleSignatures?, expecting keys: Set<ModuleVerificationKey>) {
        guard let signatures else { return }
        place = signatures.isEmbedded ? "module" : "file"
        self.signatures = signatures.all.map {
            Signature(
                keyID: $0.keyID.isEmpty ? nil : $0.keyID, algorithm: $0.algorithm == 1 ? "Ed25519" : "\($0.algorithm)",
                coversModule: $0.coversModule)
        }
        verified = signatures.signers(among: keys).map(\.id)
    }

    init(damage: String) {
        self.damage = damage
    }
}
