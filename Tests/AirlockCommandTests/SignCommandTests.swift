import Airlock
import Foundation
import TestSupport
import Testing

@Suite("airlock sign, airlock keygen and airlock inspect --signed-by")
struct SignCommandTests {
    @Test("A key is made once, and a module that is signed with it verifies with it and no other")
    func signed() async throws {
        try await withPlugin(wat: InspectCommandTests.plugin, [:]) { plugin in
            let (key, other) = (plugin.file("release.key"), plugin.file("other.key"))
            for file in [key, other] {
                let made = try await airlock(["keygen", file])
                #expect(made.status == 0, "\(made.errors)")
                #expect(made.output.contains("public key  \(file).pub\n"))
            }
            let again = try await airlock(["keygen", key])
            #expect(again.status == 2)
            #expect(again.errors.contains("cannot open '\(key)': File exists"))
            let id = try ModuleVerificationKey(file: key + ".pub").id

            let unsigned = try await inspect(plugin, ["--signed-by", key + ".pub"], status: 1)
            #expect(unsigned.refusals == ["signatureRefused"])
            #expect(unsigned.place == "nowhere")
            #expect(try await inspect(plugin, [], status: 0).place == "nowhere")

            let signing = try await airlock(["sign", plugin.path, "--key", key])
            #expect(signing.status == 0, "\(signing.errors)")
            #expect(signing.output == "signed with the key \(id): \(plugin.path)\n")
            let text = try ModuleVerificationKey(file: key + ".pub").rawRepresentation.map {
                String(format: "%02x", $0)
            }
            for argument in [key + ".pub", text.joined()] {
                let signed = try await inspect(plugin, ["--signed-by", argument], status: 0)
                #expect(signed.place == "module")
                #expect(signed.verified == [id])
            }
            #expect(try await inspect(plugin, [], status: 0).verified == [])
            let wrong = try await inspect(plugin, ["--signed-by", other + ".pub"], status: 1)
            #expect(wrong.refusals == ["signatureRefused"])
            #expect(wrong.keyIDs == [id])
            let both = ["--signed-by", other + ".pub", "--signed-by", key + ".pub"]
            #expect(try await inspect(plugin, both, status: 0).verified == [id])
        }
    }

    @Test("A signature is written beside a module, too, and a policy's demand is shown as it is decided")
    func detached() async throws {
        let policy = "manifest: optional\nsignedBy: [{ file: release.key.pub }]"
        try await withPlugin(wat: "(module)", ["policy.yaml": policy]) { plugin in
            let key = plugin.file("release.key")
            _ = try await airlock(["keygen", key])
            let withPolicy = ["--policy", plugin.file("policy.yaml")]
            #expect(try await inspect(plugin, withPolicy, status: 1).refusals == ["signatureRefused"])
            let signing = try await airlock(["sign", plugin.path, "--key", key, "--detached"])
            #expect(signing.status == 0, "\(signing.errors)")
            #expect(try Data(contentsOf: URL(filePath: plugin.path)) == Data(plugin.bytes))
            let signed = try await inspect(plugin, withPolicy, status: 0)
            #expect(signed.place == "file")
            let id = try ModuleVerificationKey(file: key + ".pub").id
            #expect(signed.verified == [id])
            let text = try await airlock(["inspect", plugin.path] + withPolicy)
            #expect(text.output.contains("\n  signed    in a file beside the module\n"))
            #expect(text.output.contains("that calls its key \(id)\n"))
            try Data("no signature".utf8).write(to: URL(filePath: plugin.path + ".sig"))
            let damaged = try await inspect(plugin, withPolicy, status: 1)
            #expect(damaged.damage?.hasPrefix("its detached signature is malformed at byte 0") == true)
            #expect(damaged.refusals == ["signatureRefused"])
            #expect(try await inspect(plugin, [], status: 0).damage != nil)
        }
    }

    @Test("What cannot be signed, or with what it cannot be, is said")
    func mistakes() async throws {
        try await withPlugin(bytes: Array("no module".utf8), [:]) { plugin in
            let key = plugin.file("release.key")
            _ = try await airlock(["keygen", key])
            for (arguments, message) in [
                ([plugin.path, "--key", key], "malformed at byte 0"),
                ([plugin.path, "--key", key + ".pub"], "others may read or write the key's file"),
                ([plugin.path, "--key", plugin.file("absent")], "No such file"),
                ([plugin.file("absent.wasm"), "--key", key], "No such file"),
            ] {
                let result = try await airlock(["sign"] + arguments)
                #expect(result.status == 2)
                #expect(result.errors.contains(message), "\(result.errors)")
            }
            #expect(try Data(contentsOf: URL(filePath: plugin.path)) == Data(plugin.bytes))
        }
    }

    private struct Inspection {
        let place: String
        let verified: [String]
        let keyIDs: [String?]
        let damage: String?
        let refusals: [String]
    }

    private func inspect(_ plugin: PluginFolder, _ arguments: [String], status: Int32) async throws -> Inspection {
        let report = try await inspected(["inspect", plugin.path, "--format", "json"] + arguments, status: status)
        let signed = try #require(report.signed)
        return Inspection(
            place: signed.place, verified: signed.verified, keyIDs: signed.signatures.map(\.keyID),
            damage: signed.damage,
            refusals: report.refusals.map(\.code))
    }
}
