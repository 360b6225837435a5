import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

@Suite struct `Configuration file` {
    @Test func `the configuration of the reference is understood`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "plugins/auth.wasm")
        let configuration = try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:8080
                admin: 127.0.0.1:8081
                workers: 3
                drain: 10s
                bounds: { body: 1MiB, headerCount: 50, headerSize: 8KiB, headersSize: 32KiB, idle: 1m }
                moduleCache: cache
                releaseStore: releases
                upstreams: { echo: { url: "http://127.0.0.1:9090/base/", responseTimeout: 5s } }
                quotas: { team: { fuelPerSecond: 1000, memory: 64MiB } }
                plugins:
                  - name: auth
                    abi: proxy-wasm
                    path: plugins/auth.wasm
                    sha256: \(String(repeating: "0a", count: 32))
                    quota: team
                    rootID: "root"
                    vmID: "vm"
                    vmConfiguration: "v"
                    configuration: '{"keys": ["k1"]}'
                    environment: { TOKEN: "1" }
                    foreignFunctions: [compress]
                    allowedCapabilities: [proxy_log, proxy_on_request_headers]
                    limits: { fuel: 5000000, memory: 16MiB, deadline: 50ms, loopTime: 100ms, loopBurst: 5ms }
                    onFailure: open
                    reload: watch
                routes:
                  - match: { prefix: /health }
                    respond: { status: 200, body: ok }
                  - match: { prefix: / }
                    filters: [auth]
                    upstream: echo
                """,
            file: "gateway.yaml",
            folder: folder.path
        )
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 8080))
        #expect(configuration.admin?.listen == ListenAddress(host: "127.0.0.1", port: 8081))
        #expect(configuration.workers == 3)
        #expect(configuration.drain == .seconds(10))
        let bounds = RequestBounds(
            body: 1 << 20, headerCount: 50, headerSize: 8192, headersSize: 32768, idle: .seconds(60))
        #expect(configuration.bounds == bounds)
        let upstream = UpstreamConfiguration(url: "http://127.0.0.1:9090/base", responseTimeout: .seconds(5))
        #expect(configuration.upstreams == ["echo": upstream])
        let plugin = try #require(configuration.plugins.first)
        #expect(plugin.watchesFile)
        #expect(plugin.filter.name == "auth")
        #expect(plugin.filter.rootID == "root")
        #expect(plugin.filter.vmID == "vm")
        #expect(plugin.filter.vmConfiguration == Array("v".utf8))
        #expect(plugin.filter.configuration == Array(#"{"keys": ["k1"]}"#.utf8))
        #expect(plugin.filter.environment == ["TOKEN": "1"])
        #expect(plugin.filter.foreignFunctions == ["compress"])
        #expect(plugin.filter.allowedCapabilities == ["proxy_log", "proxy_on_request_headers"])
        #expect(plugin.filter.limits.fuel == 5_000_000)
        #expect(plugin.filter.limits.memory == 16 << 20)
        #expect(plugin.filter.limits.deadline == .milliseconds(50))
        #expect(plugin.filter.limits.loopShare == LoopShare(perSecond: .milliseconds(100), burst: .milliseconds(5)))
        #expect(plugin.filter.source.pinnedDigest == String(repeating: "0a", count: 32))
        #expect(plugin.filter.quota?.name == "team")
        #expect(plugin.filter.quota?.memory == 64 << 20)
        #expect(configuration.moduleCache == folder.path + "/cache")
        #expect(configuration.releaseStore == folder.path + "/releases")
        #expect(configuration.routes.count == 2)
        #expect(configuration.routes.last?.action == .forward(filters: ["auth"], upstream: "echo"))
    }

    @Test(arguments: [
        ("closed", FailurePolicy.closed), ("FAIL_CLOSED", .closed), ("open", .open), ("FAIL_OPEN", .open),
        ("reload", .reload(backoff: ReloadBackoff())), ("FAIL_RELOAD", .reload(backoff: ReloadBackoff())),
        ("{ policy: closed }", .closed),
        (
            "{ policy: FAIL_RELOAD, wait: 2m, resetAfter: 5s }",
            .reload(backoff: ReloadBackoff(initial: .seconds(120), maximum: .seconds(120), resetAfter: .seconds(5)))
        ),
    ])
    func `failure policies have our names and Envoy's`(_ name: String, _ policy: FailurePolicy) throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "x.wasm")
        let configuration = try GatewayConfiguration(
            yaml: "listen: 127.0.0.1:1\n\(Self.routes)\nplugins: [{ name: a, path: x.wasm, onFailure: \(name) }]",
            file: "gateway.yaml", folder: folder.path)
        #expect(configuration.plugins.map(\.filter.failurePolicy) == [policy])
    }

    @Test func `the configuration in the README is accepted`() throws {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("README.md")
        let text = try String(contentsOf: readme, encoding: .utf8)
        let yaml = try #require(text.components(separatedBy: "```yaml\n").last?.components(separatedBy: "```").first)
        let folder = try TemporaryFolder()
        try folder.write("", to: "plugins/api-key-auth.wasm")
        let configuration = try GatewayConfiguration(yaml: yaml, file: "README.md", folder: folder.path)
        #expect(configuration.bounds == RequestBounds())
        #expect(configuration.drain == .seconds(30))
        #expect(configuration.upstreams["echo"] == UpstreamConfiguration(url: "http://127.0.0.1:9090"))
        #expect(configuration.plugins.map(\.filter.name) == ["auth"])
        #expect(configuration.routes.count == 2)
    }

    @Test func `all mistakes are reported at once, in the order of their lines`() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try GatewayConfiguration(
                yaml: """
                    listen: 127.0.0.1:99999
                    wrokers: 2
                    upstreams: { echo: { url: "ftp://x" } }
                    routes:
                      - match: { prefix: health }
                        upstream: ecko
                    """,
                file: "dir/gateway.yaml",
                folder: "."
            )
        }
        #expect(
            error.description == """
                dir/gateway.yaml:1: listen: expected an address such as 127.0.0.1:8080 with a port from 0 to 65535, found "127.0.0.1:99999"
                dir/gateway.yaml:2: wrokers: unknown key (did you mean workers?); expected listen, listeners, node, admin, workers, drain, bounds, canaryKey, moduleCache, releaseStore, upstreams, quotas, policy, plugins, pluginFolder, services, routes, externalProcessing
                dir/gateway.yaml:3: upstreams.echo.url: expected a URL such as http://127.0.0.1:9090, without query, fragment or user, or tcp://127.0.0.1:5432, found "ftp://x"
                dir/gateway.yaml:5: routes[0].match.prefix: expected a path that begins with /, without query, found "health"
                dir/gateway.yaml:6: routes[0].upstream: expected the name of a defined upstream, found "ecko" (did you mean echo?); defined: echo
                """
        )
    }

    /// One mistake in an otherwise right file: the lines that replace `upstreams` and so on, and what is reported.
    struct Mistake: CustomTestStringConvertible, Sendable {
        let yaml: String
        let line: Int?
        let key: String
        let message: String
        var testDescription: String { "\(key): \(message)" }
    }

    static let routes = "routes: [{ match: { prefix: / }, respond: { status: 200 } }]"

    @Test(arguments: [
        Mistake(yaml: "", line: 1, key: "", message: "found an empty file"),
        Mistake(yaml: "- a", line: 1, key: "", message: "found a list"),
        Mistake(yaml: "listen: [1\nadmin: }", line: 2, key: "", message: "expected YAML"),
        Mistake(yaml: "listen: 127.0.0.1:1", line: 1, key: "routes", message: "missing"),
        Mistake(yaml: routes, line: 1, key: "listen", message: "missing"),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nlisten: 127.0.0.1:2", line: 1, key: "listen", message: "found it more than once"
        ),
        Mistake(yaml: "listen: a:b\n\(routes)", line: 1, key: "listen", message: "found \"a:b\""),
        Mistake(yaml: "listen: {}\n\(routes)", line: 1, key: "listen", message: "found a mapping"),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nadmin: 0.0.0.0:2\n\(routes)", line: 2, key: "admin",
            message: "a loopback address"),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nworkers: 0\n\(routes)", line: 2, key: "workers",
            message: "from 1 to 256, found \"0\""),
        Mistake(
            yaml: "listen: 127.0.0.1:1\ndrain: 5\n\(routes)", line: 2, key: "drain",
            message: "50ms, 2s or 1m, found \"5\""),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nquotas: { a: { fuelPerSecond: 0 } }\n\(routes)", line: 2,
            key: "quotas.a.fuelPerSecond", message: "a number of instructions from 1, found \"0\""),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nquotas: { a: { memroy: 1MiB } }\n\(routes)", line: 2, key: "quotas.a.memroy",
            message: "did you mean memory?"),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nbounds: { body: 1MB }\n\(routes)", line: 2, key: "bounds.body",
            message: "64KiB or 16MiB, found \"1MB\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nbounds: { headercount: 1 }\n\(routes)", line: 2, key: "bounds.headercount",
            message: "did you mean headerCount?"
        ),
        Mistake(yaml: "listen: 127.0.0.1:1\nroutes: []", line: 2, key: "routes", message: "found an empty list"),
        Mistake(yaml: "listen: 127.0.0.1:1\nroutes: x", line: 2, key: "routes", message: "found \"x\""),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nroutes:\n  - match: { prefix: / }", line: 3, key: "routes[0]",
            message: "found neither"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nupstreams: { a: { url: 'http://h' } }\nroutes:\n"
                + "  - { match: { prefix: / }, respond: { status: 200 }, upstream: a }",
            line: 4, key: "routes[0]", message: "found both"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nroutes:\n  - { match: { prefix: / }, respond: { status: 99 } }",
            line: 3, key: "routes[0].respond.status", message: "from 200 to 599, found \"99\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nupstreams: { a: { url: 'http://h' } }\nroutes:\n"
                + "  - { match: { prefix: / }, filters: [auht], upstream: a }",
            line: 4, key: "routes[0].filters[0]", message: "found \"auht\"; none is defined"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nroutes:\n  - { match: { prefix: /, path: / }, respond: { status: 200 } }",
            line: 3, key: "routes[0].match", message: "expected one of prefix, startsWith, path, found prefix and path"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\nroutes:\n  - { match: { path: a }, respond: { status: 200 } }",
            line: 3, key: "routes[0].match.path", message: "a path that begins with /, without query, found \"a\""
        ),
        Mistake(
            yaml:
                "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    configuration: { base64: '?' }",
            line: 6, key: "plugins[0].configuration.base64", message: "expected base64, found \"?\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    environment: { A: [] }",
            line: 6, key: "plugins[0].environment.A", message: "expected text, found a list"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: no/such.wasm",
            line: 5, key: "plugins[0].path", message: "found none at"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    abi: wasi",
            line: 6, key: "plugins[0].abi", message: "expected proxy-wasm, found \"wasi\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    limits: { fuel: -1 }",
            line: 6, key: "plugins[0].limits.fuel", message: "found \"-1\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    limits: { memory: 1KiB }",
            line: 6, key: "plugins[0].limits.memory", message: "from 64KiB to 4GiB"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    limits: { deadline: 50 }",
            line: 6, key: "plugins[0].limits.deadline", message: "such as 50ms or 1s, found \"50\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    onFailure: ignore",
            line: 6, key: "plugins[0].onFailure", message: "closed, open or reload, found \"ignore\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n"
                + "    onFailure: { policy: open, wait: 1s }",
            line: 6, key: "plugins[0].onFailure.wait",
            message: "expected no wait without the policy reload, found \"1s\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n"
                + "    onFailure: { policy: reload, wait: 5s, longestWait: 1s }",
            line: 6, key: "plugins[0].onFailure.longestWait", message: "expected at least wait"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    onFailure: { wait: 5s }",
            line: 6, key: "plugins[0].onFailure.policy", message: "missing; expected closed, open or reload"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    quarantine: { failures: 0 }",
            line: 6, key: "plugins[0].quarantine.failures", message: "from 1 to 1000000, found \"0\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    upstreams: [auth]",
            line: 6, key: "plugins[0].upstreams[0]",
            message: "expected the name of a defined upstream, found \"auth\"; none is defined"
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n    reload: yes",
            line: 6, key: "plugins[0].reload", message: "errorBudgetCalls, fallBack, drain, keep, found \"yes\""
        ),
        Mistake(
            yaml: "listen: 127.0.0.1:1\n\(routes)\nplugins:\n  - name: a\n    path: x\n  - name: a\n    path: x",
            line: 6, key: "plugins[1].name", message: "found \"a\" a second time"
        ),
    ])
    func `a mistake is reported with its line, its key and what was expected`(_ mistake: Mistake) throws {
        let error = try #require(throws: ConfigurationError.self) {
            try GatewayConfiguration(yaml: mistake.yaml, file: "gateway.yaml", folder: "/nonexistent")
        }
        let found = error.mistakes.first { $0.key == mistake.key && $0.message.contains(mistake.message) }
        #expect(found != nil, "\(error)")
        #expect(found?.line == mistake.line, "\(error)")
    }

    @Test func `a quarantine has defaults, and there is none without it`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "x.wasm")
        let plugins = """
            plugins:
              - { name: a, path: x.wasm }
              - { name: b, path: x.wasm, quarantine: {} }
              - { name: c, path: x.wasm, quarantine: { failures: 2, window: 5m } }
            """
        let configuration = try GatewayConfiguration(
            yaml: "listen: 127.0.0.1:1\n\(Self.routes)\n\(plugins)", file: "gateway.yaml", folder: folder.path)
        let expected = [nil, QuarantinePolicy(), QuarantinePolicy(failures: 2, window: .seconds(300))]
        #expect(configuration.plugins.map(\.filter.quarantine) == expected)
    }

    @Test func `a file that is not there is a mistake`() {
        #expect(throws: ConfigurationError.self) { try GatewayConfiguration(file: "/nonexistent/gateway.yaml") }
    }

    @Test func `what a plugin says of its quota, its digest and its share of a worker is checked`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "auth.wasm")
        let error = try #require(throws: ConfigurationError.self) {
            try GatewayConfiguration(
                yaml: """
                    listen: 127.0.0.1:1
                    quotas: { team: {} }
                    plugins:
                      - name: auth
                        path: auth.wasm
                        sha256: abc
                        quota: taem
                        limits: { loopTime: 2s }
                    \(Self.routes)
                    """,
                file: "gateway.yaml",
                folder: folder.path
            )
        }
        #expect(
            error.description == """
                gateway.yaml:6: plugins[0].sha256: expected 64 hexadecimal digits, found "abc"
                gateway.yaml:7: plugins[0].quota: expected the name of a defined quota; defined: team, found "taem"
                gateway.yaml:8: plugins[0].limits.loopTime: expected the time in each second that the filter may hold a worker, up to 1s, found "2s"
                """
        )
    }
}
