/// Signatures and what they are for: WebAssembly's tool conventions, document "Signatures", section "Signature data". It is what a module's
/// section `signature` contains, or a file beside the module.
///
/// `wasmsign2` writes the length of each set of hashes before it, and that of each signature. The document's tables do not have these
/// lengths. Both forms are read; which one it is changes nothing about what a signature is for. The first one is written.
struct SignatureData {
    struct Signature: Sendable, Hashable {
        /// What the signer calls the key. Anybody can write that, so that it is not believed.
        var keyID: [UInt8]
        var algorithm: UInt8
        var bytes: [UInt8]
    }

    /// The hashes of parts, and who signed them.
    struct SignedHashes: Sendable {
        var hashes: [[UInt8]]
        var signatures: [Signature]
    }

    /// The most bytes of all. A signature takes about 80, a hash 32.
    static let mostBytes = 64 << 10
    /// As many as `wasmsign2` reads.
    static let mostSets = 64
    /// Of all sets together. Each of them is checked with each key that is expected, which takes some ten microseconds.
    static let mostSignatures = 64

    /// Section "Algorithms and identifiers".
    static let ed25519: UInt8 = 0x01
    static let signatureBytes = 64
    private static let hashBytes: UInt32 = 32
    /// The specification's version, the content (a module) and the hash function (SHA-256), with what a message calls them.
    private static let head: [(byte: UInt8, what: String)] = [
        (0x01, "version 1 of the signature format"), (0x01, "signatures for a module (content type 1)"),
        (0x01, "hashes of SHA-256 (hash function 1)"),
    ]

    private(set) var sets: [SignedHashes] = []

    init() {}

    init(_ content: BinaryReader) throws(ModuleBoundsViolation) {
        do throws(ModuleBoundsViolation) {
            try read(content, hasLengths: true)
        } catch {
            sets = []
            // Where both fail, the usual form tells more about what is wrong.
            do throws(ModuleBoundsViolation) { try read(content, hasLengths: false) } catch _ { throw error }
        }
    }

    /// The bytes that a signature for these hashes signs.
    static func message(_ hashes: [[UInt8]]) -> [UInt8] {
        Array("wasmsig".utf8) + head.map(\.byte) + hashes.joined()
    }

    /// Adds a signature, unless it is there.
    mutating func add(_ signature: Signature, for hashes: [[UInt8]]) {
        guard let index = sets.firstIndex(where: { $0.hashes == hashes }) else {
            sets.append(SignedHashes(hashes: hashes, signatures: [signature]))
            return
        }
        if !sets[index].signatures.contains(signature) { sets[index].signatures.append(signature) }
    }

    // MARK: Reading

    private mutating func read(_ content: BinaryReader, hasLengths: Bool) throws(ModuleBoundsViolation) {
        var reader = content
        guard reader.remaining <= Self.mostBytes else {
            throw .malformed(
                offset: reader.offset,
                expected: "signatures of at most \(Self.mostBytes) bytes, not \(reader.remaining)")
        }
        for (expected, what) in Self.head {
            let start = reader.offset
            guard try reader.byte(what) == expected else { throw .malformed(offset: start, expected: what) }
        }
        var signaturesLeft = Self.mostSignatures
        for _ in 0..<(try reader.count(of: "sets of hashes", atMost: Self.mostSets)) {
            let set = try reader.item("a set of hashes", hasLength: hasLengths) {
                (item) throws(ModuleBoundsViolation) -> SignedHashes in
                try Self.set(&item, hasLengths: hasLengths, atMost: signaturesLeft)
            }
            signaturesLeft -= set.signatures.count
            sets.append(set)
        }
        guard reader.isAtEnd else { throw .malformed(offset: reader.offset, expected: "the end of the signatures") }
    }

    private static func set(
        _ reader: inout BinaryReader, hasLengths: Bool, atMost signaturesLeft: Int
    ) throws(ModuleBoundsViolation) -> SignedHashes {
        var set = SignedHashes(hashes: [], signatures: [])
        for _ in 0..<(try reader.count(of: "hashes", atMost: SignedParts.mostHashes)) {
            set.hashes.append(try reader.take(hashBytes, "a hash"))
        }
        for _ in 0..<(try reader.count(of: "signatures", atMost: signaturesLeft)) {
            let signature = try reader.item("a signature", hasLength: hasLengths) {
                (item) throws(ModuleBoundsViolation) -> Signature in
                try Self.signature(&item)
            }
            set.signatures.append(signature)
        }
        return set
    }

    private static func signature(_ reader: inout BinaryReader) throws(ModuleBoundsViolation) -> Signature {
        let keyID = try reader.take(try reader.unsigned32("the length of a key identifier"), "a key identifier")
        let algorithm = try reader.byte("the algorithm of a signature")
        let start = reader.offset
        let length = try reader.unsigned32("the length of a signature")
        guard algorithm != ed25519 || length == signatureBytes else {
            throw .malformed(offset: start, expected: "the length \(signatureBytes) of a signature of Ed25519")
        }
        return Signature(keyID: keyID, algorithm: algorithm, bytes: try reader.take(length, "a signature"))
    }

    // MARK: Writing

    var serialized: [UInt8] {
        var writer = BinaryWriter()
        writer.append(Self.head.map(\.byte))
        writer.unsigned(sets.count)
        for set in sets {
            var item = BinaryWriter()
            item.unsigned(set.hashes.count)
            for hash in set.hashes { item.append(hash) }
            item.unsigned(set.signatures.count)
            for signature in set.signatures { item.vector(signature.serialized) }
            writer.vector(item.bytes)
        }
        return writer.bytes
    }
}

extension SignatureData.Signature {
    fileprivate var serialized: [UInt8] {
        var writer = BinaryWriter()
        writer.vector(keyID)
        writer.append([algorithm])
        writer.vector(bytes)
        return writer.bytes
    }
}

extension BinaryReader {
    /// A number of things, which is believed up to `most`.
    fileprivate mutating func count(of things: String, atMost most: Int) throws(ModuleBoundsViolation) -> Int {
        let start = offset
        let count = try unsigned32("the number of \(things)")
        guard count <= most else {
            throw malformed(at: start, expected: "at most \(most) \(things), not \(count)")
        }
        return Int(count)
    }

    /// The next bytes.
    fileprivate mutating func take(_ count: UInt32, _ what: String) throws(ModuleBoundsViolation) -> [UInt8] {
        let start = offset
        try skip(Int(count), what)
        return Array(bytes[start..<offset])
    }

    /// Something that takes as many bytes as the length before it says, if there is one.
    fileprivate mutating func item<Value>(
        _ what: String, hasLength: Bool,
        _ body: (inout BinaryReader) throws(ModuleBoundsViolation) -> Value
    ) throws(ModuleBoundsViolation) -> Value {
        guard hasLength else { return try body(&self) }
        var item = try range(of: try unsigned32("the length of \(what)"), what)
        let value = try body(&item)
        guard item.isAtEnd else { throw malformed(at: item.offset, expected: "the end of \(what)") }
        return value
    }
}
