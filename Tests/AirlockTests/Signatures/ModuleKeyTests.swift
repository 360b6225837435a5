import Airlock
import Foundation
import TestSupport
import Testing

@Suite("Keys for module signatures")
struct ModuleKeyTests {
    private let raw = Array(WasmSignFixture.keyA.dropFirst())

    @Test("A public key is read in each of its forms")
    func forms() throws {
        let expected = try ModuleVerificationKey(rawRepresentation: raw)
        let hexadecimal = raw.map { String(format: "%02x", $0) }.joined()
        let ssh = [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32] + raw
        for text in [
            hexadecimal, " \(hexadecimal.uppercased())\n", "01\(hexadecimal)", Data(raw).base64EncodedString(),
            Data([1] + raw).base64EncodedString(), WasmSignFixture.pemA,
            WasmSignFixture.pemA.replacing("\n", with: "\r\n"),
            "ssh-ed25519 \(Data(ssh).base64EncodedString()) somebody@somewhere\n",
        ] {
            #expect(try ModuleVerificationKey(text: text) == expected, "\(text)")
            #expect(try ModuleVerificationKey(serialized: Array(text.utf8)) == expected, "\(text)")
        }
        let der = try #require(Data(base64Encoded: String(WasmSignFixture.pemA.split(separator: "\n")[1])))
        #expect(try ModuleVerificationKey(serialized: Array(der)) == expected)
        #expect(try ModuleVerificationKey(serialized: WasmSignFixture.keyA) == expected)
        #expect(expected.serialized == WasmSignFixture.keyA)
    }

    @Test("What is no public key is refused, and a secret one is not shown")
    func mistakes() throws {
        let secret = WasmSignFixture.secretA.map { String(format: "%02x", $0) }.joined()
        for text in [
            "", "key", String(repeating: "0", count: 63), String(repeating: "0", count: 62), "ssh-ed25519",
            "ssh-rsa AAAA",
            "ssh-ed25519 \(Data(raw).base64EncodedString())", "-----BEGIN PUBLIC KEY-----",
            "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
            WasmSignFixture.pemA.replacing("MCow", with: "MCox"),
            WasmSignFixture.pemA.replacing("END PUBLIC", with: "END PRIVATE"),
            String(repeating: "00", count: 4_000), "\(Data(raw).base64EncodedString()) more", secret,
        ] {
            let error = #expect(throws: PluginError.self) { try ModuleVerificationKey(text: text) }
            #expect(error?.code == .configuration, "\(text)")
            #expect(error?.message.contains(text == secret ? "came a secret key" : "came something else") == true)
            #expect(error?.message.contains(secret.prefix(20)) == false)
        }
        for count in [0, 31, 33] {
            #expect(throws: PluginError.self) {
                try ModuleVerificationKey(rawRepresentation: [UInt8](repeating: 1, count: count))
            }
        }
        // Bytes that are only a key need a name for what they are.
        #expect(throws: PluginError.self) { try ModuleVerificationKey(serialized: raw) }
        for key in [Array(WasmSignFixture.secretA.dropLast()), WasmSignFixture.keyA] {
            #expect(throws: PluginError.self) { try ModuleSigningKey(serialized: key) }
        }
        var halves = WasmSignFixture.secretA
        halves[64] ^= 1
        let error = #expect(throws: PluginError.self) { try ModuleSigningKey(serialized: halves) }
        #expect(error?.message == "the public key beside the secret one is not its other half")
    }

    @Test("A public key is refused for which anybody could sign")
    func weak() throws {
        var identity = [UInt8](repeating: 0, count: 32)
        for first: UInt8 in [0, 1] {
            for last: UInt8 in [0, 0x80] {
                identity[0] = first
                identity[31] = last
                let error = #expect(throws: PluginError.self) { try ModuleVerificationKey(rawRepresentation: identity) }
                #expect(error?.code == .configuration)
                #expect(throws: PluginError.self) { try ModuleVerificationKey(serialized: [1] + identity) }
            }
        }
        for text in [
            String(repeating: "0", count: 64), "ec" + String(repeating: "f", count: 61) + "f",
            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        ] {
            let error = #expect(throws: PluginError.self) { try ModuleVerificationKey(text: text) }
            #expect(error?.message.contains("anybody could sign") == true, "\(text)")
        }
    }

    @Test("A secret key is written for its owner alone, into a new file, and is not read where others could")
    func files() throws {
        let folder = try TemporaryFolder()
        let path = folder.at("key")
        let key = ModuleSigningKey()
        try key.write(toNewFile: path)
        #expect(try ModuleSigningKey(file: path).verificationKey == key.verificationKey)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let again = #expect(throws: PluginError.self) { try ModuleSigningKey().write(toNewFile: path) }
        #expect(again?.code == .storage)
        #expect(try ModuleSigningKey(file: path).verificationKey == key.verificationKey)
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        let error = #expect(throws: PluginError.self) { try ModuleSigningKey(file: path) }
        #expect(error?.message.contains("others may read or write the key's file") == true)
        try folder.write("no key", to: "text")
        let text = #expect(throws: PluginError.self) { try ModuleVerificationKey(file: folder.at("text")) }
        #expect(text?.message.contains("/text': expected an Ed25519 public key") == true, "\(text?.message ?? "")")
        let absent = #expect(throws: PluginError.self) { try ModuleVerificationKey(file: folder.at("absent")) }
        #expect(absent?.message.contains("No such file") == true)
    }
}
