import Crypto
import CryptoExtras
import Foundation

/// What a filter asks of `verify_signature`: VerifySignatureArguments, with hash_function = 1, public_key = 2 (DER), signature = 3,
/// text = 4, public_key_pem = 5.
///
/// Keys are RSA (PKCS #1 v1.5, from 1024 bits) or ECDSA on P-256, P-384 and P-521 with signatures in DER; hashes are sha1, sha256, sha384
/// and sha512.
struct SignatureCheck {
    fileprivate enum Key {
        case rsa(_RSA.Signing.PublicKey)
        case p256(P256.Signing.PublicKey)
        case p384(P384.Signing.PublicKey)
        case p521(P521.Signing.PublicKey)
    }

    private let hash: String
    private let key: Key
    private let signature: [UInt8]
    private let text: [UInt8]

    init(_ arguments: [UInt8]) throws(ForeignFunctionError) {
        guard let fields = ProtobufFields(arguments), let hash = fields.text(1), let pem = fields.text(5),
            let key = Key(der: fields.bytes(2), pem: pem)
        else { throw .badArgument }
        self.hash = hash
        self.key = key
        signature = fields.bytes(3)
        text = fields.bytes(4)
    }

    /// VerifySignatureResult: result = 1, error = 2.
    var result: [UInt8] {
        guard let isValid else { return Self.failure("\(hash) is not supported.") }
        return isValid ? [0x08, 0x01] : Self.failure("Failed to verify digital signature.")
    }

    private static func failure(_ reason: String) -> [UInt8] {
        var message: [UInt8] = []
        message.appendProtobuf(2, reason.utf8)
        return message
    }

    /// Nil for a hash that is not known.
    private var isValid: Bool? {
        switch hash.lowercased() {
        case "sha1": key.accepts(signature, for: Insecure.SHA1.hash(data: text))
        case "sha256": key.accepts(signature, for: SHA256.hash(data: text))
        case "sha384": key.accepts(signature, for: SHA384.hash(data: text))
        case "sha512": key.accepts(signature, for: SHA512.hash(data: text))
        default: nil
        }
    }
}

extension SignatureCheck.Key {
    /// One of the two must be there, and the other one empty.
    fileprivate init?(der: [UInt8], pem: String) {
        // Parsing cannot be interrupted, and takes as long as there are bytes.
        guard der.count <= Self.maximumDERBytes, pem.utf8.count <= Self.maximumPEMBytes else { return nil }
        guard der.isEmpty != pem.isEmpty, let der = pem.isEmpty ? der : Self.der(pem) else { return nil }
        if let key = try? P256.Signing.PublicKey(derRepresentation: der) {
            self = .p256(key)
        } else if let key = try? P384.Signing.PublicKey(derRepresentation: der) {
            self = .p384(key)
        } else if let key = try? P521.Signing.PublicKey(derRepresentation: der) {
            self = .p521(key)
        } else if let key = try? _RSA.Signing.PublicKey(unsafeDERRepresentation: der) {
            self = .rsa(key)
        } else {
            return nil
        }
    }

    /// The longest key, in bytes: more than RSA of 16,384 bits takes.
    private static let maximumDERBytes = 8 << 10
    private static let maximumPEMBytes = 16 << 10

    private static func der(_ pem: String) -> [UInt8]? {
        guard let begin = pem.firstRange(of: "-----BEGIN PUBLIC KEY-----"),
            let end = pem[begin.upperBound...].firstRange(of: "-----END PUBLIC KEY-----")
        else { return nil }
        let text = pem[begin.upperBound..<end.lowerBound]
        return Data(base64Encoded: String(text), options: .ignoreUnknownCharacters).map(Array.init)
    }

    fileprivate func accepts(_ signature: [UInt8], for digest: some Digest) -> Bool {
        switch self {
        case .rsa(let key):
            return key.isValidSignature(
                _RSA.Signing.RSASignature(rawRepresentation: signature), for: digest, padding: .insecurePKCS1v1_5)
        case .p256(let key):
            guard let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p384(let key):
            guard let signature = try? P384.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        case .p521(let key):
            guard let signature = try? P521.Signing.ECDSASignature(derRepresentation: signature) else { return false }
            return key.isValidSignature(signature, for: digest)
        }
    }
}
