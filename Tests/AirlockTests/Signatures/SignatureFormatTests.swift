import Airlock
import Crypto
import Foundation
import TestSupport
import Testing

@Suite("The format of module signatures")
struct SignatureFormatTests {
    @Test("What wasmsign2 signed verifies, with the keys that it signed with and no others")
    func interoperability() throws {
        let (a, b) = try WasmSignFixture.keys()
        #expect(try signers(WasmSignFixture.embedded) == [a])
        #expect(try signers(WasmSignFixture.twice) == [b, a])
        #expect(try signers(WasmSignFixture.module, detached: WasmSignFixture.detached) == [b])
        #expect(try signers(WasmSignFixture.extended) == [b])
        #expect(try signers(WasmSignFixture.module) == nil)
    }

    @Test("Keys are called what wasmsign2 calls them, and signatures show whom they name")
    func identifiers() throws {
        let (a, b) = try WasmSignFixture.keys()
        #expect(a.id == WasmSignFixture.identifierA)
        #expect(b.id == WasmSignFixture.identifierB)
        let twice = try #require(try signatures(WasmSignFixture.twice))
        #expect(twice.isEmbedded)
        #expect(twice.all.map(\.keyID) == [WasmSignFixture.identifierA, ""])
        #expect(twice.all.map(\.coversModule) == [true, true])
        #expect(twice.all.map(\.algorithm) == [1, 1])
        let detached = try #require(try signatures(WasmSignFixture.module, detached: WasmSignFixture.detached))
        #expect(!detached.isEmbedded)
        let extended = try #require(try signatures(WasmSignFixture.extended))
        #expect(extended.all.map(\.coversModule) == [false, true])
    }

    @Test("What is signed here has the bytes that wasmsign2 wrote")
    func written() throws {
        let key = try ModuleSigningKey(serialized: WasmSignFixture.secretA)
        let signed = try key.signed(WasmSignFixture.module)
        let made = try #require(try signatures(signed))
        #expect(try made.signers(among: [WasmSignFixture.keys().a]).count == 1)
        // But for the signature itself, which need not be the same each time.
        #expect(signed.count == WasmSignFixture.embedded.count)
        let signature = 73..<137
        #expect(Array(signed[..<signature.lowerBound]) == Array(WasmSignFixture.embedded[..<signature.lowerBound]))
        #expect(Array(signed[signature.upperBound...]) == Array(WasmSignFixture.embedded[signature.upperBound...]))
    }

    @Test(
        "A signature is laid out as the tool conventions say, with the lengths that wasmsign2 writes and without them")
    func layout() throws {
        let key = Curve25519.Signing.PrivateKey()
        let body = WasmBytes.section(0, [1, 0x61])
        let hash = Array(SHA256.hash(data: body))
        let signature = Array(try key.signature(for: Array("wasmsig".utf8) + [1, 1, 1] + hash))
        let record: [UInt8] = [5] + Array("first".utf8) + [1, 64] + signature
        let withLengths = { (record: [UInt8]) -> [UInt8] in
            let set = [1] + hash + [1, UInt8(record.count)] + record
            return [1, 1, 1, 1] + WasmBytes.unsigned(set.count) + set
        }
        let publicKey = try ModuleVerificationKey(rawRepresentation: Array(key.publicKey.rawRepresentation))
        for data in [withLengths(record), [1, 1, 1, 1] + [1] + hash + [1] + record] {
            let module = WasmBytes.preamble + Self.section(data) + body
            let found = try #require(try signatures(module))
            #expect(found.signers(among: [publicKey]) == [publicKey])
            #expect(found.all.map(\.keyID) == ["6669727374"])
        }
        // An algorithm that is not known is no signature, and no mistake either.
        let other: [UInt8] = [0, 2, 3, 1, 2, 3]
        let module = WasmBytes.preamble + Self.section(withLengths(other)) + body
        #expect(try signers(module, among: [publicKey]) == [])
        #expect(try signatures(module)?.all.map(\.algorithm) == [2])
    }

    @Test(
        "A module with delimiters is signed part by part, and is not signed any more when it is cut at one or goes on")
    func delimiters() throws {
        let key = ModuleSigningKey()
        let parts = (1...3).map { number in
            WasmBytes.section(0, [1, 0x60 + UInt8(number)])
                + Self.delimiter([UInt8](repeating: UInt8(number), count: 16))
        }
        let module = WasmBytes.preamble + parts.joined()
        let signed = try key.signed(module)
        #expect(try signers(signed, among: [key.verificationKey]) == [key.verificationKey])
        let cut = Array(signed.dropLast(parts[2].count))
        #expect(try signers(cut, among: [key.verificationKey]) == [])
        #expect(try signers(signed + parts[0], among: [key.verificationKey]) == [])
        #expect(try signers(signed + WasmBytes.section(0, [1, 0x61]), among: [key.verificationKey]) == [])
        // Whoever signs the longer one signs all of it.
        let longer = try ModuleSigningKey(serialized: WasmSignFixture.secretA).signed(signed + parts[0])
        let (a, _) = try WasmSignFixture.keys()
        #expect(try signers(longer, among: [key.verificationKey, a]) == [a])
    }

    @Test("A second author signs beside the first one, and signing again adds nothing that counts")
    func several() throws {
        let (first, second) = (ModuleSigningKey(), ModuleSigningKey())
        let keys = [first.verificationKey, second.verificationKey].sorted { $0.id < $1.id }
        let signed = try second.signed(try first.signed(WasmSignFixture.module))
        #expect(try signers(signed, among: keys) == keys)
        #expect(try signatures(signed)?.all.count == 2)
        let error = #expect(throws: PluginError.self) { try first.detachedSignature(of: signed) }
        #expect(error?.code == .signatureRefused)
        let detached = try first.detachedSignature(of: WasmSignFixture.module)
        #expect(try signers(WasmSignFixture.module, detached: detached, among: keys) == [first.verificationKey])
    }

    static func section(_ data: [UInt8]) -> [UInt8] {
        WasmBytes.section(0, [9] + Array("signature".utf8) + data)
    }

    static func delimiter(_ random: [UInt8]) -> [UInt8] {
        WasmBytes.section(0, [19] + Array("signature_delimiter".utf8) + random)
    }

    private func signatures(_ module: [UInt8], detached: [UInt8]? = nil) throws -> ModuleSignatures? {
        try ModuleBytes(PluginSource(.bytes(module), detachedSignature: detached), most: 1 << 20).signatures()
    }

    private func signers(
        _ module: [UInt8], detached: [UInt8]? = nil, among keys: [ModuleVerificationKey]? = nil
    ) throws -> [ModuleVerificationKey]? {
        let fixture = try WasmSignFixture.keys()
        return try signatures(module, detached: detached)?.signers(among: keys ?? [fixture.a, fixture.b])
    }
}
