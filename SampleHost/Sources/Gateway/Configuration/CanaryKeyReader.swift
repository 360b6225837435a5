import Yams

/// Reads `canaryKey`: `client`, or `{ header: NAME }`.
struct CanaryKeyReader {
    let log: MistakeLog

    /// `nil`, with the mistakes logged, when it cannot be used.
    func read(_ top: SectionReader) -> CanaryKey? {
        guard let node = top.optional("canaryKey") else { return .client }
        guard case .mapping = node else {
            return top.value("canaryKey", "client or { header: NAME }") { $0 == "client" ? .client : nil }
        }
        guard let section = SectionReader(node, path: "canaryKey", known: ["header"], log: log) else { return nil }
        return section.value("header", "the name of a header field, such as x-user") { name in
            name.utf8.allSatisfy(Self.isTokenByte) && !name.isEmpty ? .header(name.lowercased()) : nil
        }
    }

    /// What names of fields consist of (RFC 9110, section 5.6.2).
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
