import Airlock
import AirlockProxyWasm
import Gateway
import Testing

@Suite struct `Source configuration` {
    private func read(_ keys: String) throws -> PluginConfiguration {
        let configuration = try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:1
                plugins:
                  - name: a
                    \(keys.replacing("\n", with: "\n    "))
                routes:
                  - match: { prefix: / }
                    respond: { status: 200 }
                """,
            file: "gateway.yaml", folder: "/nonexistent")
        return try #require(configuration.plugins.first)
    }

    private static let url = "url: https://plugins.example/auth.wasm"

    @Test func `a URL is followed where reload says so, each 30 seconds unless it says otherwise`() throws {
        let plain = try read(Self.url)
        #expect(plain.remote == RemoteSource(url: "https://plugins.example/auth.wasm"))
        #expect(!plain.watchesFile)
        #expect(try read("\(Self.url)\nreload: watch").remote?.interval == .seconds(30))
        #expect(try read("\(Self.url)\nreload: off").remote?.interval == nil)
        #expect(try read("\(Self.url)\nreload: { watch: true, every: 5m }").remote?.interval == .seconds(300))
        #expect(try read("\(Self.url)\nreload: { strategy: manual }").remote?.interval == nil)
    }

    @Test func `a digest, and bounds of fetching`() throws {
        let digest = String(repeating: "0A", count: 32)
        let plugin = try read("\(Self.url)\nsha256: \(digest)\nfetch: { timeout: 5s, redirects: 0 }")
        #expect(plugin.filter.source.pinnedDigest == digest)
        #expect(
            plugin.remote
                == RemoteSource(url: "https://plugins.example/auth.wasm", timeout: .seconds(5), redirects: 0))
    }

    @Test(arguments: [
        ("", "3: plugins[0]: expected path or url, found neither"),
        ("path: a.wasm\n\(url)", "3: plugins[0]: expected either path or url, found both"),
        ("url: [a]", "4: plugins[0].url: expected a URL such as https://plugins.example/auth.wasm, found a list"),
        ("url: ftp://plugins.example/secret.wasm", "4: plugins[0].url: the module's URL is not taken: its scheme"),
        ("url: https://me:secret@plugins.example/a.wasm", "4: plugins[0].url: the module's URL is not taken"),
        ("url: https://plugins.example/?token=secret", "4: plugins[0].url: 'https://plugins.example/' names no file"),
        ("\(url)\nsha256: abc", "5: plugins[0].sha256: expected 64 hexadecimal digits, found \"abc\""),
        ("\(url)\nfetch: { timeout: 0s }", "5: plugins[0].fetch.timeout: expected a duration such as 10s or 1m"),
        ("\(url)\nfetch: { redirects: 21 }", "5: plugins[0].fetch.redirects: expected a number from 0 to 20"),
        ("\(url)\nfetch: { timeut: 1s }", "5: plugins[0].fetch.timeut: unknown key (did you mean timeout?)"),
        (
            "\(url)\nfetch: { caFile: gateway.yaml }",
            "5: plugins[0].fetch.caFile: expected a PEM file with certificates, found none at /"
        ),
        ("path: a.wasm\nfetch: {}", "5: plugins[0].fetch: expected no fetch without url"),
        ("\(url)\nreload: { watch: true, every: 25h }", "5: plugins[0].reload.every: expected a duration such as 30s"),
        ("\(url)\nreload: { watch: true, every: 0s }", "5: plugins[0].reload.every: expected a duration such as 30s"),
        ("\(url)\nreload: { every: 1s }", "5: plugins[0].reload.every: expected watch: true beside every"),
        ("path: a.wasm\nreload: { watch: true, every: 1s }", "5: plugins[0].reload.every: unknown key; expected watch"),
        (
            "\(url)\nsha256: \(String(repeating: "0a", count: 32))\nreload: watch",
            "6: plugins[0].reload: expected no watch beside url and sha256"
        ),
    ])
    func `a mistake is reported with its line and its key, and no secret`(keys: String, mistake: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try read(keys) }
        #expect(error.description.contains("gateway.yaml:\(mistake)"), "\(error)")
        #expect(!error.description.contains("secret"), "\(error)")
    }
}
