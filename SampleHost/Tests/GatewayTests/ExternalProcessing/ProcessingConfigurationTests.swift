import Gateway
import Testing

@Suite struct `Configuration of external processing` {
    private func read(_ yaml: String) throws -> GatewayConfiguration {
        let folder = try TemporaryFolder()
        try folder.write("", to: "auth.wasm")
        return try GatewayConfiguration(
            yaml: "plugins: [{ name: auth, path: auth.wasm }]\n" + yaml, file: "gateway.yaml", folder: folder.path)
    }

    @Test func `filters can be for Envoys alone`() throws {
        let configuration = try read("externalProcessing: { listen: 127.0.0.1:8082, filters: [auth] }")
        #expect(configuration.listeners.isEmpty)
        #expect(configuration.routes.isEmpty)
        #expect(
            configuration.externalProcessing
                == ExternalProcessingConfiguration(
                    listen: ListenAddress(host: "127.0.0.1", port: 8082), filters: ["auth"]))
    }

    @Test func `clients can be served beside Envoys`() throws {
        let configuration = try read(
            """
            listen: 127.0.0.1:8080
            routes: [{ match: { prefix: / }, respond: { status: 200 } }]
            externalProcessing:
              { listen: 127.0.0.1:8082, chains: { shop: [auth, auth] }, messageSize: 1MiB, streams: 7, deadline: 2m }
            """)
        #expect(configuration.listeners.count == 1)
        #expect(
            configuration.externalProcessing
                == ExternalProcessingConfiguration(
                    listen: ListenAddress(host: "127.0.0.1", port: 8082), filters: [],
                    chains: ["shop": ["auth", "auth"]],
                    messageSize: 1 << 20, streams: 7, deadline: .seconds(120)))
    }

    @Test(arguments: [
        ("{ filters: [auth] }", "externalProcessing.listen: missing; expected an address such as 127.0.0.1:8082"),
        ("{ listen: 127.0.0.1:1 }", "externalProcessing.filters: missing; expected a list of plugin names, or chains"),
        ("{ listen: 127.0.0.1:1, chains: {} }", "externalProcessing.chains: expected a mapping from names to lists"),
        ("{ listen: 127.0.0.1:1, chains: { a: [] } }", "externalProcessing.chains.a: expected at least one plugin"),
        (
            "{ listen: 127.0.0.1:1, chains: { a: [b] } }",
            "externalProcessing.chains.a[0]: expected the name of a defined"
        ),
        ("{ listen: 127.0.0.1:1, filters: [] }", "externalProcessing.filters: expected at least one plugin"),
        (
            "{ listen: 127.0.0.1:1, filters: [auht] }",
            "externalProcessing.filters[0]: expected the name of a defined plugin"
        ),
        (
            "{ listen: 127.0.0.1:1, filters: [auth], streams: 0 }",
            "externalProcessing.streams: expected a number from 1"
        ),
        (
            "{ listen: 127.0.0.1:1, filters: [auth], messageSize: 1B }",
            "externalProcessing.messageSize: expected a size"
        ),
        ("{ listen: 127.0.0.1:1, filters: [auth], deadline: 0s }", "externalProcessing.deadline: expected a duration"),
        ("{ listen: 127.0.0.1:1, filters: [auth], routes: [] }", "externalProcessing.routes: unknown key"),
    ])
    func `what cannot be is reported with its key`(_ section: String, _ mistake: String) {
        let error = #expect(throws: ConfigurationError.self) { try read("externalProcessing: \(section)") }
        #expect(error?.mistakes.count == 1)
        #expect(error?.description.contains(mistake) == true, "\(error?.description ?? "")")
    }

    @Test func `routes without a listener are a mistake`() {
        let error = #expect(throws: ConfigurationError.self) {
            try read(
                """
                routes: [{ match: { prefix: / }, respond: { status: 200 } }]
                externalProcessing: { listen: 127.0.0.1:1, filters: [auth] }
                """)
        }
        #expect(error?.description.contains("listen: missing") == true)
    }
}
