@testable import Airlock

/// Modules with signatures, in them or beside them: behind the module's bytes, the last two say how many of them are the detached signature.
struct SignatureTarget: FuzzTarget {
    private let key: ModuleSigningKey
    /// What the key signed: what verifies has one of these bodies.
    private let bodies: Set<[UInt8]>
    private let modules: [[UInt8]]

    init() throws {
        // PKCS #8 around 32 bytes that are no secret.
        let info: [UInt8] = [
            0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
        ]
        key = try ModuleSigningKey(serialized: info + [UInt8](repeating: 7, count: 32))
        let preamble: [UInt8] = [0x00, 0x61, 0x73, 0x6D, 0x01, 0x00, 0x00, 0x00]
        let custom: [UInt8] = [0, 2, 1, 0x61]
        let delimiter = [0, 36, 19] + Array("signature_delimiter".utf8) + [UInt8](repeating: 9, count: 16)
        modules = [preamble, preamble + custom, preamble + custom + delimiter + custom + delimiter + custom]
        bodies = Set(modules.map { Array($0.dropFirst(preamble.count)) })
    }

    func seeds() throws -> [[UInt8]] {
        try modules.flatMap { module in
            let detached = try key.detachedSignature(of: module)
            let again = try ModuleSigningKey().signed(try key.signed(module))
            return [
                Self.input(try key.signed(module)), Self.input(again), Self.input(module, detached),
                Self.input(module),
            ]
        }
    }

    private static func input(_ module: [UInt8], _ detached: [UInt8] = []) -> [UInt8] {
        module + detached + [UInt8(detached.count & 0xFF), UInt8(detached.count >> 8)]
    }

    func run(_ input: [UInt8]) {
        guard input.count >= 2 else { return }
        let count = Int(input[input.count - 2]) | Int(input[input.count - 1]) << 8
        let content = input.dropLast(2)
        guard count <= content.count else { return }
        let (module, detached) = (Array(content.dropLast(count)), Array(content.suffix(count)))
        checkAgreement(module)
        checkWriting(detached)
        let read = try? ModuleSignatures(of: module) { () throws(PluginError) in count == 0 ? nil : detached }
        guard let signatures = read, !signatures.signers(among: [key.verificationKey]).isEmpty else { return }
        guard let parts = try? SignedParts(of: module), bodies.contains(Array(module[parts.body])) else {
            violated("what verifies was signed")
        }
    }

    /// What is a module for its signatures has the same sections for whoever shows them.
    private func checkAgreement(_ module: [UInt8]) {
        guard let parts = try? SignedParts(of: module),
            let contents = try? ModuleContents(module, bounds: ModuleBounds())
        else { return }
        let names = contents.sections.filter { $0.id == 0 }.map(\.name)
        guard names.filter({ $0 == SignedParts.sectionName }).count == (parts.embedded == nil ? 0 : 1) else {
            violated("each section with signatures was seen: \(names)")
        }
        guard let signed = try? key.signed(module) else { return }
        let again = try? ModuleSignatures(of: signed) { () throws(PluginError) in nil }
        guard again?.signers(among: [key.verificationKey]).isEmpty == false else {
            violated("what was signed verifies")
        }
    }

    /// What was read is read as the same when it was written.
    private func checkWriting(_ bytes: [UInt8]) {
        guard let data = try? SignatureData(BinaryReader(bytes)), data.serialized.count <= SignatureData.mostBytes
        else {
            return
        }
        guard let again = try? SignatureData(BinaryReader(data.serialized)),
            again.sets.map(\.hashes) == data.sets.map(\.hashes),
            again.sets.map(\.signatures) == data.sets.map(\.signatures)
        else { violated("signatures are read as they were written") }
    }
}
