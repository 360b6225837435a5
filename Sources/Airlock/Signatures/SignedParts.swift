import Crypto

/// What of a module is signed: WebAssembly's tool conventions, document "Signatures", sections "Parts and delimiters" and "Signature data".
///
/// All that follows the section with the signatures, which must be the first if there is one, is signed: its bytes as they are, in parts that
/// end with a section `signature_delimiter` each, but for the last one, which may end with the module. The hash of a part is of all from the
/// first part's begin to its own end. The first 8 bytes of the module are not signed; they can only be those of a core module.
struct SignedParts {
    static let sectionName = "signature"
    static let delimiterName = "signature_delimiter"
    static let preambleBytes = 8
    /// As many as `wasmsign2` reads.
    static let mostHashes = 64

    /// The content of the section `signature`, where the module has one.
    let embedded: BinaryReader?
    /// Where what is signed stands in the module.
    let body: Range<Int>
    /// The SHA-256 of each part.
    let hashes: [[UInt8]]

    /// - Throws: where these are not the sections of a core module, or a section `signature` is not the first section.
    init(of module: [UInt8]) throws(ModuleBoundsViolation) {
        var reader = BinaryReader(module)
        try reader.modulePreamble()
        var embedded: BinaryReader?
        var begin = reader.offset
        var end = begin
        var hash = SHA256()
        var hashes: [[UInt8]] = []
        while !reader.isAtEnd {
            var (start, id, content) = try reader.section()
            guard id == 0 else { continue }
            switch try content.name("the name of a custom section") {
            case Self.sectionName:
                guard start == Self.preambleBytes else {
                    throw .malformed(
                        offset: start,
                        expected: embedded == nil
                            ? "the section '\(Self.sectionName)' as the first one"
                            : "only one section '\(Self.sectionName)'")
                }
                embedded = content
                (begin, end) = (reader.offset, reader.offset)
            case Self.delimiterName:
                guard hashes.count < Self.mostHashes else {
                    throw .malformed(
                        offset: start, expected: "at most \(Self.mostHashes) sections '\(Self.delimiterName)'")
                }
                hash.update(data: module[end..<reader.offset])
                end = reader.offset
                hashes.append(Array(hash.finalize()))
            default: break
            }
        }
        if end < module.count || hashes.isEmpty {
            hash.update(data: module[end...])
            hashes.append(Array(hash.finalize()))
        }
        self.embedded = embedded
        self.hashes = hashes
        body = begin..<module.count
    }
}
