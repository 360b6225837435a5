import Airlock
import Foundation
import TestSupport
import Testing

@Suite("Hostile module signatures")
struct HostileSignatureTests {
    private let key = ModuleSigningKey()

    @Test("A section with signatures anywhere but at the begin, and a second one, are refused")
    func places() throws {
        let other = WasmBytes.section(0, [1, 0x61])
        let section = try section(of: try key.signed(WasmSignFixture.module))
        let rest = WasmSignFixture.module.dropFirst(8)
        #expect(refusal(WasmBytes.preamble + section + rest) == nil)
        #expect(
            refusal(WasmBytes.preamble + other + section + rest)
                == "the module is malformed at byte 12: expected the section 'signature' as the first one")
        for module in [section + section + rest, section + rest + section] {
            #expect(refusal(WasmBytes.preamble + module)?.contains("expected only one section 'signature'") == true)
        }
        // It counts as one with a length in more bytes than it takes, too.
        let long = WasmBytes.section(0, [0x89, 0x80, 0x80, 0x80, 0] + section.dropFirst(4))
        #expect(refusal(WasmBytes.preamble + long + rest) == nil)
        #expect(refusal(WasmBytes.preamble + section + rest + long)?.contains("only one section") == true)
    }

    @Test("What is no core module is refused")
    func modules() throws {
        let signed = try key.signed(WasmSignFixture.module)
        var component = signed
        component[4] = 0x0D
        component[6] = 0x01
        #expect(refusal(component)?.contains("malformed at byte 4: expected version 1 of a core module") == true)
        #expect(refusal([])?.contains("malformed at byte 0") == true)
        #expect(refusal(signed + [0])?.contains("malformed at byte \(signed.count + 1)") == true)
        #expect(refusal(signed + [0, 1])?.contains("expected the content of section 0") == true)
        #expect(refusal(signed + [0, 2, 1, 0xFF])?.contains("a custom section in UTF-8") == true)
    }

    @Test("Each claim about a number or a length is refused that is too large, or does not fit into what is around it")
    func lengths() {
        let hash = [UInt8](repeating: 0, count: 32)
        let signature: [UInt8] = [0, 1, 64] + [UInt8](repeating: 0, count: 64)
        let set = [1] + hash + [1, UInt8(signature.count)] + signature
        let head: [UInt8] = [1, 1, 1]
        let huge: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]
        func message(_ data: [UInt8]) -> String? { refusal(WasmBytes.preamble + SignatureFormatTests.section(data)) }
        // As it should be, it is a signature by somebody else.
        #expect(message(head + [1, UInt8(set.count)] + set)?.contains("malformed") == false)
        for (data, expected) in [
            ([], "version 1 of the signature format"),
            ([2, 1, 1, 0], "version 1 of the signature format"),
            ([1, 2, 1, 0], "signatures for a module (content type 1)"),
            ([1, 1, 2, 0], "hashes of SHA-256 (hash function 1)"),
            (head + huge, "at most 64 sets of hashes, not 4294967295"),
            (
                head + [0x80, 0x80, 0x80, 0x80, 0x80, 0],
                "the number of sets of hashes (an unsigned integer of at most 32 bits)"
            ),
            (head + [65], "at most 64 sets of hashes, not 65"),
            (head + [2, UInt8(set.count)] + set, "the length of a set of hashes"),
            (head + [1] + huge + set, "a set of hashes (4294967295 bytes)"),
            (head + [1, UInt8(set.count + 1)] + set + [0], "the end of a set of hashes"),
            (head + [1, UInt8(set.count)] + set + [0], "the end of the signatures"),
            (head + [1, 5] + huge, "at most 64 hashes, not 4294967295"),
            (head + [1, 33, 64] + hash, "a hash (32 bytes)"),
            (head + [1, 38, 1] + hash + huge, "at most 64 signatures, not 4294967295"),
            (head + [1, 39, 1] + hash + [1] + huge, "a signature (4294967295 bytes)"),
            (head + [1, 40, 1] + hash + [1, 5] + huge, "a key identifier (4294967295 bytes)"),
            (head + [1, 42, 1] + hash + [1, 7, 0, 2] + huge, "a signature (4294967295 bytes)"),
            (head + [1, 38, 1] + hash + [1, 3, 0, 1, 63], "the length 64 of a signature of Ed25519"),
        ] as [([UInt8], String)] {
            let message = message(data)
            #expect(
                message?.contains("malformed at byte") == true && message?.contains(expected) == true,
                "\(message ?? "-") for \(expected)")
        }
        let sets = (0..<2).flatMap { _ in
            let set = [1] + hash + [33] + WasmBytes.repeated([UInt8(signature.count)] + signature, 33)
            return WasmBytes.unsigned(set.count) + set
        }
        #expect(message(head + [2] + sets)?.contains("at most 31 signatures, not 33") == true)
        let long = head + [0] + [UInt8](repeating: 0, count: 65_533)
        #expect(message(long)?.contains("signatures of at most 65536 bytes, not 65537") == true)
        let delimiters = WasmBytes.repeated(SignatureFormatTests.delimiter([]), 65)
        #expect(refusal(WasmBytes.preamble + delimiters)?.contains("at most 64 sections 'signature_delimiter'") == true)
        #expect(message(head + [0]) == "it has a place for signatures and none in it")
    }

    @Test("No changed, left out or added byte of a signed module passes but in what a signature calls its key")
    func everyByte() throws {
        for (module, identifiers) in [
            (try key.signed(WasmSignFixture.module), 62..<74), (WasmSignFixture.module, 0..<0),
        ] {
            let detached = identifiers.isEmpty ? try key.detachedSignature(of: module) : nil
            #expect(refusal(module, detached: detached) == nil)
            for index in module.indices {
                for bit in [0, 3, 7] {
                    var changed = module
                    changed[index] ^= 1 << UInt8(bit)
                    if identifiers.contains(index) {
                        #expect(refusal(changed, detached: detached) == nil, "byte \(index)")
                    } else {
                        #expect(refusal(changed, detached: detached) != nil, "byte \(index)")
                    }
                }
                #expect(refusal(Array(module[..<index]), detached: detached) != nil)
            }
            #expect(refusal(module + WasmBytes.section(0, [1, 0x61]), detached: detached) != nil)
        }
    }

    @Test("Random changes of signatures are refused or verify, and end nothing")
    func random() throws {
        var generator = SplitMix(seed: 11)
        let original = try ModuleSigningKey().signed(try key.signed(WasmSignFixture.extended))
        let end = try section(of: original).count + 8
        for _ in 0..<2_000 {
            var module = original
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let index = Int.random(in: 8..<end, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: module[index] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
                case 1: module[index] = UInt8.random(in: .min ... .max, using: &generator)
                default: module[index] &+= 1
                }
            }
            // What is signed did not change, so that it may be that nothing else did.
            guard refusal(module) == nil else { continue }
            #expect(module[end...] == original[end...])
        }
    }

    /// Why a module is refused; nil where it is not.
    private func refusal(_ module: [UInt8], detached: [UInt8]? = nil) -> String? {
        let source = PluginSource(.bytes(module)).signed(by: [key.verificationKey], detachedSignature: detached)
        do {
            _ = try ModuleBytes(source, most: 1 << 20)
            return nil
        } catch {
            #expect(error.code == .signatureRefused)
            let message = error.message.replacing("the module: ", with: "", maxReplacements: 1)
            return message.components(separatedBy: "; expected a signature by")[0]
        }
    }

    /// The section with the signatures of a module.
    private func section(of module: [UInt8]) throws -> [UInt8] {
        var size = 0
        var length = 0
        repeat {
            size |= Int(module[9 + length] & 0x7F) << (7 * length)
            length += 1
        } while module[8 + length] & 0x80 != 0
        return Array(module[8..<9 + length + size])
    }
}
