import Foundation
import Gateway
import Testing

@Suite struct `Configuration of TCP listeners` {
    private func read(_ yaml: String) throws -> GatewayConfiguration {
        let folder = try TemporaryFolder()
        try folder.write("", to: "guard.wasm")
        return try GatewayConfiguration(yaml: yaml, file: "gateway.yaml", folder: folder.path)
    }

    @Test func `a TCP listener has filters, an upstream and no routes`() throws {
        let configuration = try read(
            """
            listeners:
              - address: 127.0.0.1:9000
                direction: inbound
                tcp: { filters: [guard], upstream: db, idle: 5m }
              - address: 127.0.0.1:9001
                tcp: { upstream: db }
            upstreams: { db: { url: "tcp://[::1]:5432", connectTimeout: 1s } }
            plugins: [{ name: guard, path: guard.wasm }]
            """)
        #expect(
            configuration.listeners.map(\.tcp) == [
                TCPForwarding(filters: ["guard"], upstream: "db", idle: .seconds(300)), TCPForwarding(upstream: "db"),
            ])
        #expect(
            configuration.upstreams == [
                "db": UpstreamConfiguration(url: "tcp://[::1]:5432", connectTimeout: .seconds(1))
            ])
        #expect(configuration.routes.isEmpty)
    }

    @Test func `every mistake is reported at once`() throws {
        let yaml = """
            listeners:
              - address: 127.0.0.1:9000
                routes: [{ match: { prefix: / }, upstream: db }]
                tcp: { filters: [gard], upstream: web, idle: 0s, port: 1 }
              - address: 127.0.0.1:9001
                tcp: {}
            upstreams:
              db: { url: "tcp://127.0.0.1:5432" }
              web: { url: "http://127.0.0.1:9090" }
              bad: { url: "tcp://127.0.0.1" }
            plugins: [{ name: guard, path: guard.wasm }]
            """
        let error = try #require(throws: ConfigurationError.self) { try read(yaml) }
        let mistakes = error.mistakes.map { "\($0.line ?? 0): \($0.key): \($0.message)" }
        #expect(
            mistakes.sorted() == [
                """
                10: upstreams.bad.url: expected a URL such as http://127.0.0.1:9090, without query, fragment or user, or \
                tcp://127.0.0.1:5432, found "tcp://127.0.0.1"
                """,
                "2: listeners[0]: expected either routes or tcp, found both",
                "3: listeners[0].routes[0].upstream: expected an upstream with a URL such as http://127.0.0.1:9090, found \"db\"",
                "4: listeners[0].tcp.filters[0]: expected the name of a defined plugin, found \"gard\" (did you mean guard?); defined: guard",
                "4: listeners[0].tcp.idle: expected a duration such as 30s, 5m or 2h, up to 720h, found \"0s\"",
                "4: listeners[0].tcp.port: unknown key; expected filters, upstream, idle",
                "4: listeners[0].tcp.upstream: expected an upstream with a URL such as tcp://127.0.0.1:5432, found \"web\"",
                "6: listeners[1].tcp.upstream: missing; expected the name of an upstream",
            ])
    }
}
