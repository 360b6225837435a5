import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

@Suite struct Signatures {
    private let key = ModuleSigningKey()

    @Test func `a filter's keys are read as text and from files`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "auth.wasm")
        try folder.write(Data(key.verificationKey.serialized), to: "release.pub")
        let other = ModuleSigningKey().verificationKey
        let text = Data(other.rawRepresentation).base64EncodedString()
        let configuration = try configuration(
            "signedBy: [{ file: release.pub }, \"\(text)\"]", in: folder)
        #expect(configuration.plugins.map(\.filter.source.signers) == [[key.verificationKey, other]])
        #expect(try self.configuration("", in: folder).plugins.map(\.filter.source.signers) == [nil])
    }

    @Test(arguments: [
        (
            "signedBy: release.pub",
            "plugins[0].signedBy: expected a list of keys, each as text or as { file: PATH }, found"
        ),
        ("signedBy: []", "plugins[0].signedBy: expected at least one key, found an empty list"),
        ("signedBy: [secret]", "plugins[0].signedBy[0]: expected an Ed25519 public key"),
        ("signedBy: [{ path: a }]", "plugins[0].signedBy[0].path: unknown key"),
        ("signedBy: [{ file: absent.pub }]", "plugins[0].signedBy[0]: the key cannot be read: cannot open"),
    ])
    func `a key that is none is a mistake that does not show it`(line: String, message: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "auth.wasm")
        let error = try #require(throws: ConfigurationError.self) { try configuration(line, in: folder) }
        #expect(error.description.contains(message), "\(error.description)")
        #expect(!error.description.contains("secret"))
    }

    @Test func `a filter that its keys did not sign is refused at the start, and at a reload while the old one serves`()
        async throws
    {
        let folder = try TemporaryFolder()
        let modules = try await SampleGuests.folder()
        let (first, second) = (
            try Data(contentsOf: modules.appendingPathComponent("add-header.wasm")),
            try Data(contentsOf: modules.appendingPathComponent("add-header-v2.wasm"))
        )
        try folder.write(second, to: "filter.wasm")
        let plugin = PluginConfiguration(
            filter: FilterConfiguration(
                name: "filter", source: .file("\(folder.path)/filter.wasm").signed(by: [key.verificationKey])))
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            let configuration = try GatewayConfiguration.forwarding(to: upstream, plugins: [plugin])
            let error = await #expect(throws: GatewayError.self) {
                try await Gateway(configuration, logger: RunningGateway.logger)
            }
            #expect(error?.reasons.first?.contains("it is not signed; expected a signature by the key") == true)
            try folder.write(Data(try key.signed(Array(first))), to: "filter.wasm")
            try await RunningGateway.with(configuration) { [key] gateway in
                try folder.write(Data(try ModuleSigningKey().signed(Array(second))), to: "filter.wasm")
                let refused = try await gateway.sendToAdmin("/plugins/filter/reload", method: "POST", body: nil)
                #expect(refused.status == 422)
                #expect(try ErrorAnswer(refused.body).error.code == "signatureRefused")
                #expect(try await gateway.send("GET", "/").headers["x-airlock-build"] == "1")
                try folder.write(Data(try key.signed(Array(second))), to: "filter.wasm")
                let loaded = try await gateway.sendToAdmin("/plugins/filter/reload", method: "POST", body: nil)
                #expect(loaded.status == 200)
                #expect(try await gateway.send("GET", "/").headers["x-airlock-build"] == "2")
            }
        }
    }

    private func configuration(_ line: String, in folder: TemporaryFolder) throws -> GatewayConfiguration {
        try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:8080
                plugins:
                  - name: auth
                    path: auth.wasm
                    \(line)
                routes:
                  - match: { prefix: / }
                    respond: { status: 200, body: ok }
                """, file: "gateway.yaml", folder: folder.path)
    }
}
