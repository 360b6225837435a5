import Airlock
import AirlockProxyWasm
import Crypto
import Foundation
import Testing

@Suite("The foreign function verify_signature")
struct SignatureFunctionTests {
    private static let text = "signed text"
    /// An RSA key of 2048 bits.
    private static let key = """
        -----BEGIN PUBLIC KEY-----
        MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAywymlwPtUxYecL4vC9cY
        u2eLq9lJOXCtlh+hgWEHe12GVjXQwOOgQ5KFak0Iphk3RnBmJXfmiZTwQ2HT0MV4
        imfpA2c1u/O8p9E+krSTlIYIdG/K8RnGvcpyJVk8SmkAq/XxYvjMF06nEPVQZz5b
        bXkIal+LislPyCXJWRUva4FaXWYAmb8jRbsGylczDD1Q4QPwdy/BtcK9uUUWt0qd
        Aksu62zdU0rWDV4i0ar/v3cWp5aFD5O2b/Rm1d5GJHn0/iq5PhJxAhKMMuv+7XCS
        xvQBlSlS+WF3g5JV2mVnBi1VAPsij1qm4EmwdDT02V/rc92eFRb9ENxm9CiYOarf
        lwIDAQAB
        -----END PUBLIC KEY-----
        """
    /// That key's signature of ``text`` with SHA-256.
    private static let signature =
        "I4tkbFQ1r11w3DBmWAEB4qJFC3iHzFrHvWnMgziDX9/E0SEtS9EDzDy8w8YuAqG+AmQaFi5A2DNUQzHev6FCxW4ajhxcehGCdVNg"
        + "QMNCn0gkqkEdOreaHFAnUZE6eNhi7209v16w5PKEItLGfR3NRit8Betf/pDzOecDpbCGNeYg7qvRQfeQh8CJn8L24lo531dpPDDN"
        + "Sp/Ak7KDu6vNJO5DhA0v5/Wqxf2zhJs5Y1tE5hJP5CrP10OvC412/Fxd7UibzhDCPFUsJxAp2dlqsIweoq63tGgzi6KDOt2ol4Tp"
        + "hyddWZ0lIsX4RSpfG3QuPG4pISH2abRnxf6LvEq2iQ=="

    /// What the function answers to each of these: its status, then "v=8" where the signature is valid, or "v=18" where it is not.
    private func answers(_ questions: [[UInt8]]) async throws -> [String] {
        let calls = questions.map {
            """
            (call $note (i32.const 102) (call $call_foreign_function @"verify_signature" @"\(escaped($0))" @result))
            (if (i32.load (i32.const 16)) (then (call $note (i32.const 118) (i32.load8_u (i32.load (i32.const 16))))))
            """
        }
        var answers: [String] = []
        try await withFilters { filters in
            let filter = try await filters.load(
                Guest.wat(
                    """
                    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
                      \(calls.joined()) (i32.const 0))
                    """))
            let stream = await filters.stream(filter)
            _ = await stream.requestHeaders(getRequest, endOfStream: true)
            await stream.finish()
            answers = filters.log.messages
        }
        return answers
    }

    private func question(
        _ hash: String, pem: String = "", der: [UInt8] = [], signature: [UInt8], text: String = text
    ) -> [UInt8] {
        message(1, hash) + message(2, der) + message(3, signature) + message(4, text) + message(5, pem)
    }

    @Test("RSA signatures are checked, with keys in PEM and in DER")
    func rsa() async throws {
        let signature = Array(try #require(Data(base64Encoded: Self.signature)))
        let base64 = Self.key.split(separator: "\n").dropFirst().dropLast().joined()
        let der = Array(try #require(Data(base64Encoded: base64)))
        let answers = try await answers([
            question("sha256", pem: Self.key, signature: signature),
            question("SHA256", der: der, signature: signature),
            question("sha256", der: der, signature: signature, text: "other text"),
            question("sha1", der: der, signature: signature),
            question("sha256", der: der, signature: []),
            question("md5", der: der, signature: signature),
        ])
        #expect(answers == ["f=0", "v=8", "f=0", "v=8"] + Array(repeating: ["f=0", "v=18"], count: 4).flatMap(\.self))
    }

    @Test("A key that is far too long is not looked at")
    func longKey() async throws {
        let signature = Array(try #require(Data(base64Encoded: Self.signature)))
        func padded(_ count: Int) -> [UInt8] {
            question(
                "sha256", pem: Self.key + String(repeating: " ", count: count - Self.key.utf8.count),
                signature: signature)
        }
        let answers = try await answers([
            padded(16 << 10), padded((16 << 10) + 1),
            question("sha256", der: Array(repeating: 0x30, count: (8 << 10) + 1), signature: signature),
        ])
        #expect(answers == ["f=0", "v=8", "f=2", "f=2"])
    }

    @Test("ECDSA signatures are checked on three curves")
    func ecdsa() async throws {
        let text = Array(Self.text.utf8)
        let (small, middle, large) = (P256.Signing.PrivateKey(), P384.Signing.PrivateKey(), P521.Signing.PrivateKey())
        let answers = try await answers([
            question(
                "sha256", der: Array(small.publicKey.derRepresentation),
                signature: Array(try small.signature(for: text).derRepresentation)),
            question(
                "sha512", pem: middle.publicKey.pemRepresentation,
                signature: Array(try middle.signature(for: SHA512.hash(data: text)).derRepresentation)),
            question(
                "sha384", der: Array(large.publicKey.derRepresentation),
                signature: Array(try large.signature(for: SHA384.hash(data: text)).derRepresentation)),
            question("sha256", der: Array(small.publicKey.derRepresentation), signature: [1, 2, 3]),
        ])
        #expect(answers == ["f=0", "v=8", "f=0", "v=8", "f=0", "v=8", "f=0", "v=18"])
    }

    @Test("Without a key, with two, or with what is no key or no message, the answer is 2")
    func refused() async throws {
        let answers = try await answers([
            question("sha256", signature: [1]),
            question("sha256", pem: Self.key, der: [1], signature: [1]),
            question("sha256", der: [0x30, 0x82, 0xFF, 0xFF], signature: [1]),
            question("sha256", pem: "-----BEGIN PUBLIC KEY-----", signature: [1]),
            [0x0A, 0x7F, 0x61], [0x0B], [0x00], Array(repeating: 0xFF, count: 11), [0x0A, 0x01, 0xFF],
        ])
        #expect(answers == Array(repeating: "f=2", count: 9))
    }
}
