import Airlock
import AirlockProxyWasm
import Gateway
import Testing

@Suite struct Start {
    @Test func `plugins that are refused keep the gateway from starting, with every reason`() async throws {
        let missing = PluginConfiguration(
            filter: FilterConfiguration(name: "no-abi", source: .wat("(module (memory (export \"memory\") 1))")))
        let greedy = PluginConfiguration(
            filter: FilterConfiguration(
                name: "greedy",
                source: .wat(
                    """
                    (module (import "env" "open_every_door" (func)) (memory (export "memory") 1)
                      (func (export "proxy_abi_version_0_2_1"))
                      (func (export "malloc") (param i32) (result i32) (i32.const 0)))
                    """)
            )
        )
        let misconfigured = try await SampleGuests.plugin("api-key-auth", configuration: "{}")
        let configuration = GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0),
            plugins: [missing, greedy, misconfigured],
            routes: []
        )
        let error = await #expect(throws: GatewayError.self) {
            try await Gateway(configuration, logger: RunningGateway.logger)
        }
        let reasons = try #require(error?.reasons)
        #expect(reasons.count == 3)
        #expect(reasons.first?.contains("no-abi") == true)
        #expect(reasons.dropFirst().first?.contains("open_every_door") == true)
        #expect(reasons.last?.contains("api-key-auth") == true)
    }
}
