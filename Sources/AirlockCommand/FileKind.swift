/// What a file is, as far as its first bytes show.
enum FileKind {
    /// A core module, which may be damaged further on.
    case module
    case component
    /// Something else, in words.
    case other(String)

    /// So many bytes tell.
    static let headBytes = 64

    /// - Parameter head: the first ``headBytes`` bytes, or all where there are fewer.
    init(head: [UInt8]) {
        let magic: [UInt8] = [0x00, 0x61, 0x73, 0x6D]
        guard head.starts(with: magic) else {
            self = .other(Self.other(head, isBeginOfMagic: !head.isEmpty && magic.starts(with: head)))
            return
        }
        guard head.count >= 8 else {
            self = .other("the begin of WebAssembly, cut off after \(head.count) bytes")
            return
        }
        switch (head[4], head[5], head[6], head[7]) {
        case (1, 0, 0, 0): self = .module
        case (_, _, 1, 0): self = .component
        default:
            let version = head[4..<8].map { String($0, radix: 16) }.joined(separator: " ")
            self = .other("WebAssembly of a version that is not known (\(version))")
        }
    }

    private static func other(_ head: [UInt8], isBeginOfMagic: Bool) -> String {
        if head.isEmpty { return "an empty file" }
        if isBeginOfMagic { return "the begin of WebAssembly, cut off after \(head.count) bytes" }
        for (begin, kind) in begins where head.starts(with: begin) { return kind }
        let words = head.drop { " \t\r\n".utf8.contains($0) }
        if words.starts(with: "(module".utf8) || words.starts(with: "(component".utf8) {
            return "WebAssembly in the text format, which must be assembled first"
        }
        let isText = head.allSatisfy { $0 >= 0x20 && $0 != 0x7F || "\t\r\n".utf8.contains($0) }
        return isText ? "text" : "data of a kind that is not known"
    }

    private static let begins: [(begin: [UInt8], kind: String)] = [
        ([0x7F, 0x45, 0x4C, 0x46], "an ELF file: a program, a library or a core dump"),
        ([0xCF, 0xFA, 0xED, 0xFE], "a Mach-O file"),
        ([0xCA, 0xFE, 0xBA, 0xBE], "a Mach-O or Java file"),
        ([0x4D, 0x5A], "a program for Windows"),
        ([0x50, 0x4B, 0x03, 0x04], "a ZIP archive"),
        ([0x1F, 0x8B], "data packed by gzip"),
        ([0x28, 0xB5, 0x2F, 0xFD], "data packed by zstd"),
        ([0x23, 0x21], "a script"),
    ]
}
