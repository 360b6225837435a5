import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

@Suite struct Policies {
    private static let granting = """
        manifest: required
        abis: [proxy-wasm]
        capabilities:
          - id: proxy-wasm
            with: { functions: [log, proxy_add_header_map_value] }
        limits: { fuel: 40000000, memory: 8 MiB, deadline: 1 min, loopTime: 1 s, loopBurst: 10 s }
        quotas:
          team: { memory: 256 MiB }
        quota: team
        """
    private static let routes = """
        routes:
          - match: { prefix: / }
            filters: [add-header]
            upstream: up
        """

    /// A folder with the filter, its manifest and the policy.
    private func folder(manifest: String, policy: String = Self.granting) async throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let module = URL(fileURLWithPath: try await SampleGuests.file("add-header"))
        try folder.write(try Data(contentsOf: module), to: "add-header.wasm")
        try folder.write(manifest, to: "add-header.plugin.yaml")
        try folder.write(policy, to: "policy.yaml")
        return folder
    }

    private func configuration(
        _ folder: TemporaryFolder, upstream: ListenAddress, plugin: String = "", top: String = ""
    ) throws -> GatewayConfiguration {
        try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:0
                upstreams: { up: { url: "http://\(upstream)" } }
                \(top)
                plugins:
                  - { name: add-header, path: add-header.wasm, \(plugin) }
                \(Self.routes)
                """,
            file: "gateway.yaml",
            folder: folder.path
        )
    }

    private static let wanting =
        "name: a\ncapabilities: [{ id: proxy-wasm, with: { functions: [proxy_add_header_map_value] } }]"

    @Test func `a filter does what both its manifest and the policy allow`() async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            for (manifest, build) in [(Self.wanting, "1"), ("name: a", nil)] as [(String, String?)] {
                let folder = try await folder(manifest: manifest)
                for configuration in [
                    try configuration(folder, upstream: upstream, plugin: "policy: policy.yaml"),
                    try configuration(folder, upstream: upstream, top: "policy: policy.yaml"),
                ] {
                    try await RunningGateway.with(configuration) { gateway in
                        let response = try await gateway.send("GET", "/")
                        #expect(response.status == 200)
                        #expect(response.headers["x-airlock-build"] == build)
                    }
                }
            }
        }
    }

    @Test func `a filter that asks for more than the policy gives keeps the gateway from starting`() async throws {
        let manifest = "name: a\nabi: wasi\ncapabilities: [{ id: proxy-wasm, with: { functions: [metrics] } }]"
        let folder = try await folder(manifest: manifest)
        let upstream = ListenAddress(host: "127.0.0.1", port: 1)
        let configuration = try configuration(folder, upstream: upstream, plugin: "policy: policy.yaml")
        let error = await #expect(throws: (any Error).self) {
            try await RunningGateway.with(configuration) { _ in }
        }
        let message = error.map { "\($0)" } ?? ""
        #expect(message.contains("is written for the ABI wasi, but it is proxy-wasm/0.2"))
        #expect(message.contains("it asks for metrics, and the policy gives log, proxy_add_header_map_value"))
    }

    @Test func `a watched filter is decided anew when its manifest changes`() async throws {
        let folder = try await folder(manifest: Self.wanting)
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            let configuration = try configuration(
                folder, upstream: upstream, plugin: "policy: policy.yaml, reload: watch")
            try await RunningGateway.with(configuration) { gateway in
                #expect(try await gateway.send("GET", "/").headers["x-airlock-build"] == "1")
                try folder.write("name: [", to: "add-header.plugin.yaml")
                #expect(try await gateway.send("GET", "/").headers["x-airlock-build"] == "1")
                try folder.write("name: a", to: "add-header.plugin.yaml")
                while try await gateway.send("GET", "/").headers["x-airlock-build"] != nil {}
                #expect(try await gateway.send("GET", "/").status == 200)
            }
        }
    }

    @Test func `filters under one policy file share its quota, and their limits can only lower the policy's`()
        async throws
    {
        let folder = try TemporaryFolder()
        try folder.write("", to: "a.wasm")
        try folder.write(Self.granting, to: "policy.yaml")
        try folder.write("capabilities: [{ id: proxy-wasm }]\nlimits: { fuel: 7 }", to: "other.yaml")
        let configuration = try GatewayConfiguration(
            yaml: """
                listen: 127.0.0.1:0
                upstreams: { up: { url: "http://127.0.0.1:1" } }
                quotas: { mine: {} }
                policy: policy.yaml
                plugins:
                  - { name: a, path: a.wasm, limits: { fuel: 1000, memory: 4MiB, loopTime: 500ms, loopBurst: 1s } }
                  - { name: add-header, path: a.wasm, policy: ./policy.yaml }
                  - { name: c, path: a.wasm, policy: other.yaml, quota: mine }
                \(Self.routes)
                """,
            file: "gateway.yaml", folder: folder.path)
        let policies = configuration.plugins.compactMap(\.filter.policy)
        #expect(policies.map(\.limits.fuel) == [1_000, 40_000_000, 7])
        #expect(policies.map(\.limits.memory) == [4 << 20, 8 << 20, PluginLimits().memory])
        #expect(policies[0].limits.loopShare == LoopShare(perSecond: .milliseconds(500), burst: .seconds(1)))
        #expect(policies[1].limits.loopShare == LoopShare(perSecond: .seconds(1), burst: .seconds(10)))
        #expect(policies.map(\.quota?.name) == ["team", "team", nil])
        #expect(policies[0].quota === policies[1].quota)
        #expect(configuration.plugins.map(\.filter.quota?.name) == [nil, nil, "mine"])
    }

    @Test func `mistakes about policies are reported with their lines`() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "a.wasm")
        try folder.write(Self.granting, to: "policy.yaml")
        try folder.write("capabilities:\n  - id: airlock:kv", to: "wrong.yaml")
        let error = try #require(throws: ConfigurationError.self) {
            try GatewayConfiguration(
                yaml: """
                    listen: 127.0.0.1:0
                    upstreams: { up: { url: "http://127.0.0.1:1" } }
                    quotas: { mine: {} }
                    plugins:
                      - name: add-header
                        path: a.wasm
                        policy: policy.yaml
                        quota: mine
                        limits: { fuel: 50000000, memory: 16MiB, deadline: 2m, loopTime: 1s, loopBurst: 1m }
                      - { name: b, path: a.wasm, policy: none.yaml }
                      - { name: c, path: a.wasm, policy: wrong.yaml }
                    \(Self.routes)
                    """,
                file: "gateway.yaml", folder: folder.path)
        }
        #expect(
            error.description == """
                gateway.yaml:8: plugins[0].quota: expected no quota beside the one that the policy gives, "team", found "mine"
                gateway.yaml:9: plugins[0].limits.fuel: expected at most the policy's 40000000, found "50000000"
                gateway.yaml:9: plugins[0].limits.memory: expected at most the policy's 8388608, found "16MiB"
                gateway.yaml:9: plugins[0].limits.deadline: expected at most the policy's 60.0 seconds, found "2m"
                gateway.yaml:9: plugins[0].limits.loopBurst: expected at most the policy's 10.0 seconds, found "1m"
                gateway.yaml:10: plugins[1].policy: expected a policy at '\(folder.path)/none.yaml', but there is no file
                gateway.yaml:11: plugins[2].policy: \(folder.path)/wrong.yaml:2:9: capabilities[0].id: expected one of proxy-wasm, came the text 'airlock:kv'
                """)
    }
}
