import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

@Suite struct `Configuration of a folder of filters` {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("", to: "filters/one.wasm")
        try folder.write("", to: "filters/two/1.0/plugin.wasm")
        try folder.write("", to: "auth.wasm")
    }

    private func read(_ keys: String, routes: String = "[]") throws -> GatewayConfiguration {
        try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:1
                quotas: { team: {} }
                upstreams: { up: { url: "http://127.0.0.1:1" } }
                plugins: [{ name: auth, path: auth.wasm }]
                pluginFolder:
                  \(keys.replacing("\n", with: "\n  "))
                routes: [{ match: { prefix: / }, filters: \(routes), upstream: up }]
                """,
            file: "gateway.yaml", folder: folder.path)
    }

    @Test func `routes may name the filters that are in the folder`() throws {
        let configuration = try read("path: filters", routes: "[auth, one, two]")
        #expect(configuration.pluginFolder?.path == "\(folder.path)/filters")
        #expect(configuration.pluginFolder?.removed == .goesOn)
        #expect(configuration.routes.map(\.action) == [.forward(filters: ["auth", "one", "two"], upstream: "up")])
        #expect(try read("path: filters\nremoved: unload").pluginFolder?.removed == .isUnloaded)
        let error = try #require(throws: ConfigurationError.self) { try read("path: filters", routes: "[twoo]") }
        #expect(error.description.contains(#"found "twoo" (did you mean two?); defined: auth, one, two"#), "\(error)")
    }

    @Test func `a filter has its own settings before those of the folder`() throws {
        let keys = """
            path: filters
            quota: team
            configuration: all
            onFailure: open
            limits: { fuel: 5000, memory: 1MiB }
            reload: { strategy: canary, share: 20%, keep: 1 }
            filters:
              one: { configuration: own, limits: { fuel: 7000 } }
              later: { onFailure: closed, reload: { strategy: manual } }
            """
        let read = try #require(try read(keys).pluginFolder)
        #expect(read.common.filter.quota?.name == "team")
        #expect(read.common.filter.failurePolicy == .open)
        #expect(read.common.filter.limits.memory == 1 << 20)
        #expect(read.common.canary.share == 0.2)
        #expect(read.common.filter.reload.keptVersions == 1)
        let one = try #require(read.filters["one"]?.filter)
        #expect(one.configuration == Array("own".utf8))
        #expect(one.quota === read.common.filter.quota)
        #expect(one.failurePolicy == .open)
        #expect(one.limits.fuel == 7_000)
        #expect(one.limits.memory == FilterConfiguration.defaultLimits.memory)
        let later = try #require(read.filters["later"]?.filter)
        #expect(later.configuration == Array("all".utf8))
        #expect(later.failurePolicy == .closed)
        #expect(later.reload.strategy == .manual)
        #expect(later.reload.keptVersions == ReloadPolicy().keptVersions)
        #expect(later.limits.fuel == 5_000)
    }

    @Test func `the folder in the README is accepted`() throws {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let keys = try #require(
            text.components(separatedBy: "\n    pluginFolder:\n").last?.components(separatedBy: "\n\n").first)
        let configuration = try read(
            String(keys.replacing("\n      ", with: "\n").trimmingPrefix("      ")))
        #expect(configuration.pluginFolder?.common.filter.limits.fuel == 5_000_000)
        #expect(configuration.pluginFolder?.filters.keys.sorted() == ["auth"])
    }

    @Test(arguments: [
        ("removed: keep", "6: pluginFolder.path: missing; expected the path of a folder of filters"),
        ("path: absent", "6: pluginFolder.path: "),
        ("path: filters\nremoved: yes", "7: pluginFolder.removed: expected keep or unload, found \"yes\""),
        ("path: filters\nsha256: abc", "7: pluginFolder.sha256: unknown key; expected path, removed, signedBy"),
        ("path: filters\nreload: watch", "7: pluginFolder.reload: expected a mapping with the keys strategy, share"),
        ("path: filters\nreload: { watch: true }", "7: pluginFolder.reload.watch: unknown key"),
        ("path: filters\nfilters: [one]", "7: pluginFolder.filters: expected a mapping from names"),
        (
            "path: filters\nfilters: { one: x }",
            "7: pluginFolder.filters.one: expected a mapping with the keys signedBy"
        ),
        ("path: filters\nfilters: { one: { path: x } }", "7: pluginFolder.filters.one.path: unknown key"),
        (
            "path: filters\nfilters:\n  one: { onFailure: ignore }",
            "8: pluginFolder.filters.one.onFailure: expected closed, open or reload, found \"ignore\""
        ),
        ("path: filters\nquota: taem", "7: pluginFolder.quota: expected the name of a defined quota"),
        ("[]", "6: pluginFolder: expected a mapping with the keys path, removed"),
    ])
    func `a mistake is reported once, with its line and its key`(keys: String, mistake: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try read(keys) }
        #expect(error.description.hasPrefix("gateway.yaml:\(mistake)"), "\(error)")
        #expect(error.mistakes.count == 1, "\(error)")
    }

    @Test func `a filter with the name of another plugin is a mistake`() throws {
        try folder.write("", to: "filters/auth.wasm")
        let error = try #require(throws: ConfigurationError.self) { try read("path: filters") }
        let message = #"expected other names than those of plugins, found "auth" at \#(folder.path)/filters/auth.wasm"#
        #expect(error.description == "gateway.yaml:6: pluginFolder.path: \(message)")
    }

    @Test func `two modules of one name are a mistake`() throws {
        try folder.write("", to: "filters/one/2.0/plugin.wasm")
        let error = try #require(throws: ConfigurationError.self) { try read("path: filters") }
        #expect(error.description.contains("6: pluginFolder.path: "), "\(error)")
        #expect(error.description.contains("two modules are named"), "\(error)")
    }
}
