import FoundationEssentials

/// A key of Ed25519 as it is written in files and texts. The encodings in ASN.1 and of OpenSSH have one length each, so that what stands
/// before a key is always the same.
enum KeyForm {
    case publicKey([UInt8])
    /// The 32 bytes of RFC 8032, and the public key where it stands beside them.
    case secretKey([UInt8], publicKey: [UInt8]?)

    static let keyBytes = 32
    /// More than any of the forms has.
    private static let mostBytes = 4_096

    /// Tool conventions, "Signatures", section "Signature algorithms and key serialization": `0x81 ‖ secret key ‖ public key`.
    static let secretPrefix: [UInt8] = [0x81]

    private static let publicPrefixes: [[UInt8]] = [
        // The same section: `0x01 ‖ public key`.
        [0x01],
        // RFC 8410, section 4: SubjectPublicKeyInfo with the algorithm 1.3.101.112.
        [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00],
        // RFC 8709, section 4: two strings, "ssh-ed25519" and the key.
        [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32],
    ]

    /// RFC 8410, section 7: OneAsymmetricKey without attributes.
    private static let secretInfoPrefix: [UInt8] = [
        0x30, 0x2E, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    ]

    init?(file bytes: [UInt8]) {
        if let form = KeyForm(encoded: bytes) {
            self = form
        } else if let text = String(validating: bytes, as: UTF8.self), let form = KeyForm(text: text) {
            self = form
        } else {
            return nil
        }
    }

    /// - Parameter text: of which the space around it does not count.
    init?(text: String) {
        guard text.utf8.count <= Self.mostBytes else { return nil }
        let words = text.split(whereSeparator: \.isWhitespace)
        if words.first == "-----BEGIN" {
            guard let bytes = Self.pem(text) else { return nil }
            self.init(encoded: bytes)
        } else if words.count >= 2, words[0] == "ssh-ed25519" {
            guard let bytes = Data(base64Encoded: String(words[1])) else { return nil }
            self.init(encoded: Array(bytes))
        } else {
            guard words.count == 1, let bytes = Self.hexadecimal(words[0]) ?? Self.base64(words[0]) else { return nil }
            if bytes.count == Self.keyBytes {
                self = .publicKey(bytes)
            } else {
                self.init(encoded: bytes)
            }
        }
    }

    private init?(encoded bytes: [UInt8]) {
        for prefix in Self.publicPrefixes
        where bytes.count == prefix.count + Self.keyBytes && bytes.starts(with: prefix) {
            self = .publicKey(Array(bytes.dropFirst(prefix.count)))
            return
        }
        if bytes.starts(with: Self.secretPrefix), bytes.count == 1 + 2 * Self.keyBytes {
            self = .secretKey(Array(bytes[1...Self.keyBytes]), publicKey: Array(bytes.dropFirst(1 + Self.keyBytes)))
        } else if bytes.starts(with: Self.secretInfoPrefix), bytes.count == Self.secretInfoPrefix.count + Self.keyBytes
        {
            self = .secretKey(Array(bytes.dropFirst(Self.secretInfoPrefix.count)), publicKey: nil)
        } else {
            return nil
        }
    }

    /// What stands between the two lines of a PEM block (RFC 7468).
    private static func pem(_ text: String) -> [UInt8]? {
        let lines = text.split { $0.isNewline }.map { $0.trimmingSpaces }.filter { !$0.isEmpty }
        guard let first = lines.first, let last = lines.last, lines.count >= 3,
            ["PUBLIC KEY", "PRIVATE KEY"].contains(where: {
                first == "-----BEGIN \($0)-----" && last == "-----END \($0)-----"
            })
        else { return nil }
        return base64(lines.dropFirst().dropLast().joined()[...])
    }

    private static func base64(_ text: Substring) -> [UInt8]? {
        Data(base64Encoded: String(text)).map { Array($0) }
    }

    private static func hexadecimal(_ text: Substring) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count.isMultiple(of: 2) else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// The bytes of a file with a key, or one more than a key may have.
    /// - Parameter isSecret: whether nobody but its owner may read the file.
    static func bytes(of path: String, isSecret: Bool) throws(PluginError) -> [UInt8] {
        do {
            let file = try OpenFile(path, .read)
            let name = "the key's file \(LogText.quoted(Array(path.utf8)))"
            guard try file.facts().kind == .regular else {
                throw PluginError(.configuration, message: "\(name) is not a regular file")
            }
            if isSecret { try ProtectedFolder.checkOwner(of: file, name, forbidden: 0o077, "read or write") }
            return try file.read(atMost: mostBytes + 1)
        } catch let error as PluginError {
            throw error
        } catch {
            throw PluginError(.configuration, message: "the key cannot be read: \(error)")
        }
    }

    /// Whether anybody could sign for a public key: a point whose order divides 8. The equation of RFC 8032, section 5.1.7, holds for such a
    /// key with signatures that need no secret, for each message or for one of a few.
    static func isForAnybody(_ key: [UInt8]) -> Bool {
        guard let last = key.last else { return true }
        // The highest bit is the sign of the other coordinate.
        return smallOrders.contains(key.dropLast() + [last & 0x7F])
    }

    static var forAnybody: PluginError {
        PluginError(
            .configuration,
            message:
                "the public key is one for which anybody could sign, such as 32 zeros: expected the one of a secret key"
        )
    }

    /// The coordinates y of the eight points, little-endian; where there is room, also with the field's order added.
    private static let smallOrders: Set<[UInt8]> = {
        let low: [[UInt8]] = [[0x00], [0x01]].map { $0 + [UInt8](repeating: 0, count: 31) }
        let high: [[UInt8]] = [[0xEC], [0xED], [0xEE]].map { $0 + [UInt8](repeating: 0xFF, count: 30) + [0x7F] }
        let eighths = [
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ]
        return Set(low + high + eighths.compactMap { hexadecimal($0[...]) })
    }()

    /// - Parameter form: what came; nil where that is not known. It is not shown: it may be a secret.
    static func notPublic(_ form: KeyForm?) -> PluginError {
        let came = if case .secretKey = form { "a secret key" } else { "something else" }
        return PluginError(
            .configuration,
            message:
                "expected an Ed25519 public key (64 hexadecimal digits, Base64, PEM, OpenSSH, or a file of 33 bytes), came \(came)"
        )
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        let begin = drop { $0 == " " || $0 == "\t" }
        return begin.lastIndex { $0 != " " && $0 != "\t" }.map { begin[...$0] } ?? ""
    }
}
