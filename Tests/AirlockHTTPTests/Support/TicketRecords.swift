import Crypto
import Foundation

/// Records of TLS 1.3 (RFC 8446) with a session ticket each.
struct TicketRecords {
    private let key: SymmetricKey
    private let iv: [UInt8]
    private let isChaCha: Bool
    private var sequence: UInt64 = 0

    /// - Parameters:
    ///   - secret: the server's traffic secret.
    ///   - suite: the number of the cipher suite.
    init(secret: [UInt8], suite: UInt16) {
        func expand(_ label: String, _ count: Int) -> [UInt8] {
            let label = Array("tls13 \(label)".utf8)
            let info = [0, UInt8(count), UInt8(label.count)] + label + [0]
            let key = SymmetricKey(data: secret)
            let expanded =
                suite == 0x1302
                ? HKDF<SHA384>.expand(pseudoRandomKey: key, info: info, outputByteCount: count)
                : HKDF<SHA256>.expand(pseudoRandomKey: key, info: info, outputByteCount: count)
            // Safe: the bytes are copied while they are lent.
            return unsafe expanded.withUnsafeBytes { unsafe Array($0) }
        }
        key = SymmetricKey(data: expand("key", suite == 0x1301 ? 16 : 32))
        iv = expand("iv", 12)
        isChaCha = suite == 0x1303
    }

    /// The next record: what it has encrypted is the ticket and the kind of message, 22 for those of handshakes.
    mutating func next() -> [UInt8]? {
        let ticket = [UInt8](repeating: 7, count: 12_000)
        let length = ticket.count + 14
        // Lifetime, age, a nonce of one byte, the ticket, no extensions.
        let body = [0, 0, 14, 16, 0, 0, 0, 0, 1, 0] + big(ticket.count) + ticket + [0, 0]
        let plain = [4, 0] + big(length) + body + [22]
        let header = [23, 3, 3] + big(plain.count + 16)
        let nonce = zip(iv, [0, 0, 0, 0] + (0..<8).map { UInt8(truncatingIfNeeded: sequence >> (56 - 8 * $0)) }).map(^)
        sequence += 1
        guard let (encrypted, tag) = seal(plain, nonce, header) else { return nil }
        return header + encrypted + tag
    }

    private func seal(_ plain: [UInt8], _ nonce: [UInt8], _ header: [UInt8]) -> (Data, Data)? {
        if isChaCha {
            guard let nonce = try? ChaChaPoly.Nonce(data: nonce),
                let box = try? ChaChaPoly.seal(plain, using: key, nonce: nonce, authenticating: header)
            else { return nil }
            return (box.ciphertext, box.tag)
        }
        guard let nonce = try? AES.GCM.Nonce(data: nonce),
            let box = try? AES.GCM.seal(plain, using: key, nonce: nonce, authenticating: header)
        else { return nil }
        return (box.ciphertext, box.tag)
    }

    private func big(_ count: Int) -> [UInt8] { [UInt8(count >> 8), UInt8(count & 0xFF)] }
}
