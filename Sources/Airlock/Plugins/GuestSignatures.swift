import Synchronization
import Wasmtime

/// The exported functions that a host looked up on one plugin, each with the index under which instances remember it.
final class GuestSignatures: Sendable {
    private struct Known {
        var signatures: [GuestSignature] = []
        var required: Set<Int> = []
    }

    private let known = Mutex(Known())

    /// The signature with that name and type, the same one for the same question.
    /// - Parameter isRequired: whether every later version must export it, too.
    func signature(_ name: String, _ type: FunctionType, isRequired: Bool) -> GuestSignature {
        known.withLock { known in
            let signature: GuestSignature
            if let found = known.signatures.first(where: { $0.name == name && $0.type == type }) {
                signature = found
            } else {
                signature = GuestSignature(name: name, type: type, index: known.signatures.count)
                known.signatures.append(signature)
            }
            if isRequired { known.required.insert(signature.index) }
            return signature
        }
    }

    /// Throws unless `version` exports everything that is required, with the same types.
    func checkRequired(of version: PluginVersion) throws(PluginError) {
        let required = known.withLock { known in known.required.sorted().map { known.signatures[$0] } }
        for signature in required {
            try version.check(signature.name, signature.type)
        }
    }
}
