import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

@Suite struct `Reload configuration` {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.write("", to: "a.wasm")
    }

    private func read(_ reload: String, canaryKey: String = "") throws -> GatewayConfiguration {
        try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:1
                plugins:
                  - name: a
                    path: a.wasm
                    reload: \(reload)
                routes:
                  - match: { prefix: / }
                    respond: { status: 200 }
                \(canaryKey)
                """,
            file: "gateway.yaml",
            folder: folder.path
        )
    }

    private func plugin(_ reload: String) throws -> PluginConfiguration {
        try #require(try read(reload).plugins.first)
    }

    @Test func `a word says whether the file is watched`() throws {
        #expect(try plugin("watch").watchesFile)
        #expect(try !plugin("off").watchesFile)
        #expect(try plugin("watch").filter.reload.strategy == .immediate)
    }

    @Test func `a canary is described by its share, its window and its error budget`() throws {
        let plugin = try plugin(
            """
            { watch: true, strategy: canary, share: 12.5%, window: 10m, errorBudget: 0.5%, errorBudgetCalls: 1000, \
            fallBack: false, drain: 5s, keep: 0 }
            """)
        #expect(plugin.watchesFile)
        let terms = CanaryTerms(
            share: 0.125, window: .seconds(600), errorBudget: ErrorBudget(share: 0.005, ofAtLeast: 1000),
            fallsBack: false)
        #expect(plugin.canary == terms)
        #expect(plugin.filter.reload.strategy == terms.strategy)
        #expect(plugin.filter.reload.drainDeadline == .seconds(5))
        #expect(plugin.filter.reload.keptVersions == 0)
    }

    @Test func `the mapping in the README is accepted`() throws {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let mapping = try #require(
            text.components(separatedBy: "\n    reload:\n").last?.components(separatedBy: "\n\n").first)
        let plugin = try plugin("\n\(mapping)")
        #expect(plugin.watchesFile)
        #expect(plugin.canary == CanaryTerms())
        #expect(plugin.filter.reload.strategy == CanaryTerms().strategy)
        #expect(plugin.filter.reload.drainDeadline == ReloadPolicy().drainDeadline)
        #expect(plugin.filter.reload.keptVersions == ReloadPolicy().keptVersions)
    }

    @Test func `what is left out has the defaults of the reference`() throws {
        let plugin = try plugin("{ strategy: canary }")
        #expect(!plugin.watchesFile)
        #expect(
            plugin.filter.reload.strategy
                == .canary(
                    share: 0.05, for: .seconds(60), errorBudget: ErrorBudget(share: 0.01, ofAtLeast: 100),
                    fallsBack: true))
        #expect(plugin.filter.reload.drainDeadline == .seconds(30))
        #expect(plugin.filter.reload.keptVersions == 2)
        #expect(try self.plugin("{ strategy: manual }").filter.reload.strategy == .manual)
        #expect(try self.plugin("{ watch: true }").filter.reload.strategy == .immediate)
    }

    @Test func `all mistakes are reported at once, with their lines`() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try read(
                """

                      watch: yes
                      strategy: canary
                      share: 0%
                      window: 60
                      errorBudget: 101%
                      errorBudgetCalls: 0
                      fallBack: maybe
                      drains: 1s
                      keep: 17
                """,
                canaryKey: "canaryKey: { header: \"x user\" }")
        }
        #expect(
            error.description == """
                gateway.yaml:6: plugins[0].reload.watch: expected true or false, found "yes"
                gateway.yaml:8: plugins[0].reload.share: expected a share above 0% up to 100%, such as 5%, found "0%"
                gateway.yaml:9: plugins[0].reload.window: expected a duration such as 30s, 5m or 2h, up to 720h, found "60"
                gateway.yaml:10: plugins[0].reload.errorBudget: expected a share from 0% to 100%, such as 1%, found "101%"
                gateway.yaml:11: plugins[0].reload.errorBudgetCalls: expected a number of requests from 1 to 1000000000, found "0"
                gateway.yaml:12: plugins[0].reload.fallBack: expected true or false, found "maybe"
                gateway.yaml:13: plugins[0].reload.drains: unknown key (did you mean drain?); expected watch, strategy, share, \
                window, errorBudget, errorBudgetCalls, fallBack, drain, keep
                gateway.yaml:14: plugins[0].reload.keep: expected a number of versions from 0 to 16, found "17"
                gateway.yaml:18: canaryKey.header: expected the name of a header field, such as x-user, found "x user"
                """)
    }

    @Test(arguments: ["immediate", "manual"])
    func `what only canaries have is a mistake beside another strategy`(strategy: String) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try read("{ strategy: \(strategy), share: 5%, fallBack: true, keep: 1 }")
        }
        #expect(
            error.description == """
                gateway.yaml:5: plugins[0].reload.share: expected no share with the strategy \(strategy), found "5%"
                gateway.yaml:5: plugins[0].reload.fallBack: expected no fallBack with the strategy \(strategy), found "true"
                """)
    }

    @Test(arguments: ["1e1%", "-5%", "%", "5", "nan%", "0x5%", ".%", "5 %", "100.1%"])
    func `a share is written in per cent`(share: String) throws {
        #expect(throws: ConfigurationError.self) { try read("{ strategy: canary, share: \"\(share)\" }") }
    }

    @Test func `the key of canaries is the client or a header field`() throws {
        #expect(try read("off").canaryKey == .client)
        #expect(try read("off", canaryKey: "canaryKey: client").canaryKey == .client)
        #expect(try read("off", canaryKey: "canaryKey: { header: X-User }").canaryKey == .header("x-user"))
        for wrong in ["canaryKey: user", "canaryKey: {}", "canaryKey: [client]", "canaryKey: { header: \"\" }"] {
            #expect(throws: ConfigurationError.self) { try read("off", canaryKey: wrong) }
        }
    }
}
