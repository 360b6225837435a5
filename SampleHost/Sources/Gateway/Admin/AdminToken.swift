import Crypto
import Foundation

/// What operators must know to use the admin server. Only its SHA-256 is kept.
public struct AdminToken: Sendable {
    /// Shorter ones could be guessed.
    public static let leastBytes = 16

    private let digest: SHA256Digest

    /// Makes a token of a text.
    /// - Throws: ``AdminTokenError`` where it is too short or cannot be sent in a header field.
    public init(_ text: some StringProtocol) throws(AdminTokenError) {
        let bytes = Array(text.utf8)
        guard bytes.count >= Self.leastBytes else {
            throw AdminTokenError("expected a token of at least \(Self.leastBytes) bytes, found \(bytes.count)")
        }
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw AdminTokenError(
                "expected a token of letters, digits and signs of ASCII in one line, found other bytes")
        }
        digest = SHA256.hash(data: bytes)
    }

    /// Reads a token from a file that only its owner may read; white space around it is left out.
    /// - Throws: ``AdminTokenError`` that names the file, what was expected and what came.
    public init(file: String) throws(AdminTokenError) {
        do throws(AdminTokenError) {
            let data = try OwnerOnlyFile.read(file, atMost: 4096)
            guard let text = String(data: data, encoding: .utf8) else {
                throw AdminTokenError("expected text, found other bytes")
            }
            try self.init(text.trimmingCharacters(in: .whitespacesAndNewlines))
        } catch {
            throw AdminTokenError("\(error), in \(file)")
        }
    }

    /// Whether that is the token. The time it takes does not tell how much of it is right.
    func matches(_ text: some StringProtocol) -> Bool {
        SHA256.hash(data: Array(text.utf8)) == digest
    }
}

/// Why a token cannot be used.
public struct AdminTokenError: Error, Sendable, CustomStringConvertible {
    /// What was expected and what came.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
