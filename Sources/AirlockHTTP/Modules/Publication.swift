import Airlock

/// What a server says that a module's digest is.
struct Publication: Sendable {
    /// Bytes that its file may have: a line of `sha256sum` with the longest name of a file.
    static let mostBytes = 1_024

    /// In lower-case hexadecimal.
    let digest: String
    /// Tells whether the file is still the same.
    let tag: EntityTag?

    /// Reads the one line of a file as `sha256sum` writes it: the digest, and a name that does not matter.
    static func digest(in bytes: [UInt8], of url: EgressURL) throws(RemoteModuleError) -> String {
        let lines = bytes.split { $0 == 0x0A || $0 == 0x0D }
        // A backslash says that there are some in the name.
        let line = lines.first.map { $0.first == 0x5C ? $0.dropFirst() : $0 } ?? []
        let digits = line.prefix { $0 != 0x20 && $0 != 0x09 }
        guard lines.count == 1, digits.count == 64, digits.allSatisfy(\.isHexDigit) else {
            let beginning = String(decoding: bytes.prefix(100), as: UTF8.self).printable
            throw RemoteModuleError(
                .invalidDigest, url,
                "has '\(beginning)', expected one line with 64 hexadecimal digits and perhaps a name behind them")
        }
        return String(decoding: digits, as: UTF8.self).lowercased()
    }
}

/// What a server calls the state of a file (RFC 9110, section 8.8.3), strong or weak: for reading anew, either says that nothing changed.
struct EntityTag: Sendable {
    /// Whose it is, after redirects. Another URL is not asked with it.
    let url: EgressURL
    /// As it came.
    let text: String

    /// - Returns: nil where there is none, or one that is not as the RFC has it: then the file is fetched each time and compared.
    init?(_ text: String?, of url: EgressURL) {
        guard let text, text.utf8.count <= 1_024 else { return nil }
        let quoted = text.hasPrefix("W/") ? text.utf8.dropFirst(2) : text.utf8[...]
        guard quoted.count >= 2, quoted.first == 0x22, quoted.last == 0x22,
            quoted.dropFirst().dropLast().allSatisfy({ $0 == 0x21 || (0x23...0x7E).contains($0) })
        else { return nil }
        self.url = url
        self.text = text
    }
}
