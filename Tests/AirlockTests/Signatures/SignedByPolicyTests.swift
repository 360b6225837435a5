import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Policies that demand signatures")
struct SignedByPolicyTests {
    private let key = ModuleSigningKey()
    private let other = ModuleSigningKey()

    @Test("A policy names keys as text and as files, for all plugins and for single ones")
    func read() throws {
        let folder = try TemporaryFolder()
        let (a, b) = try WasmSignFixture.keys()
        try Data(WasmSignFixture.keyB).write(to: URL(filePath: folder.at("b.pub")))
        try folder.write(
            """
            signedBy:
              - \(WasmSignFixture.keyA.dropFirst().map { String(format: "%02x", $0) }.joined())
              - { file: b.pub }
            plugins:
              cart: { signedBy: [{ file: \(folder.at("b.pub")) }] }
              notes: { quota: team, signedBy: ["\(Data(WasmSignFixture.keyA).base64EncodedString())"] }
              lists: { quota: team }
            quotas: { team: {} }
            """, to: "policy.yaml")
        let policy = try PolicyReader().read(file: folder.at("policy.yaml"))
        #expect(policy.signers == [a, b])
        #expect(policy.pluginSigners == ["cart": [b], "notes": [a]])
        #expect(policy.pluginQuotas.keys.sorted() == ["lists", "notes"])
        #expect(try PolicyReaderTests.read("{}").signers == nil)
    }

    @Test(
        "A key that is none is refused with its place, and is not shown",
        arguments: [
            (
                "signedBy: []",
                "policy.yaml:1:11: signedBy: expected a list of at least one key, each as text or as { file: PATH }"
            ),
            ("signedBy: release.pub", "policy.yaml:1:11: signedBy: expected a list of at least one key"),
            ("signedBy: [release.pub]", "policy.yaml:1:12: signedBy[0]: expected an Ed25519 public key"),
            ("signedBy: [1]", "policy.yaml:1:12: signedBy[0]: expected a key as text or as { file: PATH }"),
            ("signedBy: [{ file: 1 }]", "policy.yaml:1:12: signedBy[0]: expected a key as text or as { file: PATH }"),
            ("signedBy: [{ path: a }]", "policy.yaml:1:12: signedBy[0]: expected a key as text or as { file: PATH }"),
            (
                "signedBy: [{ file: /nowhere/a.pub }]",
                "policy.yaml:1:12: signedBy[0]: the key cannot be read: cannot open '/nowhere/a.pub'"
            ),
            (
                "plugins: { a: { signedBy: [b] } }",
                "policy.yaml:1:28: plugins.a.signedBy[0]: expected an Ed25519 public key"
            ),
            ("plugins: { a: {} }", "plugins.a.quota is missing; expected the name of a quota, or keys under signedBy"),
        ])
    func mistakes(yaml: String, message: String) throws {
        let error = try #require(throws: PluginError.self) { try PolicyReaderTests.read(yaml) }
        #expect(error.code == .configuration)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(!error.message.contains("release.pub"))
    }

    @Test("A policy's demand holds for each version, whatever the source says, and both must be met")
    func both() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("plugin.wasm"))
        let policy = PluginPolicy(signers: [key.verificationKey], demandsManifest: false)
        let (byKey, byOther) = (try key.signed(WasmSignFixture.module), try other.signed(WasmSignFixture.module))
        let byBoth = try other.signed(byKey)
        try await withPluginHost { host in
            for (module, source, isLoaded): ([UInt8], PluginSource, Bool) in [
                (WasmSignFixture.module, .file(file.path), false), (byOther, .file(file.path), false),
                (byOther, .file(file.path).signed(by: [other.verificationKey]), false),
                (byKey, .file(file.path).signed(by: [other.verificationKey]), false),
                (byKey, .file(file.path), true), (byBoth, .file(file.path), true),
                (byBoth, .file(file.path).signed(by: [other.verificationKey]), true),
            ] {
                try Data(module).write(to: file, options: .atomic)
                if isLoaded {
                    let plugin = try await host.load(source, under: policy)
                    try Data(byOther).write(to: file, options: .atomic)
                    for source in [nil, PluginSource.file(file.path), .bytes(byOther)] {
                        let error = await #expect(throws: PluginError.self) { try await plugin.reload(from: source) }
                        #expect(error?.code == .signatureRefused)
                    }
                    #expect(plugin.currentVersion?.number == 1)
                    await plugin.unload()
                } else {
                    let error = await #expect(throws: PluginError.self) { try await host.load(source, under: policy) }
                    #expect(error?.code == .signatureRefused)
                    #expect(error?.message.hasPrefix("'\(file.path)': ") == true)
                }
            }
        }
    }

    @Test("A detached signature counts under a policy, and is watched")
    func detached() async throws {
        let folder = try TemporaryFolder()
        let file = URL(filePath: folder.at("plugin.wasm"))
        let policy = PluginPolicy(signers: [key.verificationKey], demandsManifest: false)
        let changed = WasmSignFixture.module + WasmBytes.section(0, [1, 0x61])
        try Data(WasmSignFixture.module).write(to: file)
        try Data(try key.detachedSignature(of: WasmSignFixture.module)).write(to: URL(filePath: file.path + ".sig"))
        try await withPluginHost { host in
            var events = RecordedEvents(of: host)
            let plugin = try await host.load(.file(file.path), under: policy)
            try await plugin.watch()
            try Data(try key.detachedSignature(of: changed)).write(
                to: URL(filePath: file.path + ".sig"), options: .atomic)
            _ = await events.first { if case .reloadFailed = $0.kind { true } else { false } }
            try Data(changed).write(to: file, options: .atomic)
            _ = await events.first { if case .reloaded = $0.kind { true } else { false } }
            #expect(plugin.currentVersion?.digest == (try ModuleBytes(.bytes(changed), most: 1_000).digest))
        }
    }

    @Test("A plugin's own keys take the place of the common ones, and a decision is refused without a signature")
    func single() async throws {
        let policy = PluginPolicy(
            signers: [key.verificationKey], pluginSigners: ["own": [other.verificationKey]], demandsManifest: false)
        let signed = try other.signed(WasmSignFixture.module)
        try await withPluginHost { host in
            _ = try await host.load(.bytes(signed), name: "own", under: policy)
            let error = await #expect(throws: PluginError.self) {
                try await host.load(.bytes(signed), name: "another", under: policy)
            }
            #expect(error?.code == .signatureRefused)
        }
        let module = try ModuleBytes(.bytes(signed), most: 1_000)
        let contents = try ModuleContents(signed, bounds: ModuleBounds())
        for (name, signatures, isAllowed) in [
            ("own", try module.signatures(), true), ("another", try module.signatures(), false), ("own", nil, false),
        ] {
            let candidate = PluginCandidate(
                name: name, digest: module.digest, contents: contents, signatures: signatures, manifest: nil)
            let decision = policy.decide(candidate)
            #expect(decision.isAllowed == isAllowed)
            #expect(decision.refusals.map(\.code) == (isAllowed ? [] : [.signatureRefused]))
        }
    }
}
