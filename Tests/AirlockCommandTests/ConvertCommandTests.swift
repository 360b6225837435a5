import EnvoyConversion
import Foundation
import TestSupport
import Testing

@Suite("airlock convert")
struct ConvertCommandTests {
    @Test("A bootstrap that the gateway can have is written whole, and ends with 0")
    func whole() async throws {
        let run = try await convert(Bootstrap().yaml)
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.errors == "")
        #expect(
            run.output.hasPrefix(
                """
                listen: 127.0.0.1:10000
                upstreams:
                  up:
                    url: http://localhost:9090
                    connectTimeout: 250ms
                plugins:
                - name: auth
                  abi: proxy-wasm
                  path: /filters/auth.wasm
                  rootID: auth_root
                  vmID: vm
                  configuration: '{"keys":["k1"]}'
                  headersChooseRoute: true
                  onFailure: FAIL_OPEN
                routes:
                - match: {path: /exact}
                  virtualHost: all
                  filters: [auth]
                  upstream: up
                - match: {startsWith: /api}
                  virtualHost: all
                  filters: [auth]
                  upstream: up
                - match: {prefix: /}
                  virtualHost: all
                  filters: [auth]
                  upstream: up

                # Notes:
                """), "\(run.output)")
    }

    @Test("What is not expressed is listed at the end and on standard error, by its path, and ends with 1")
    func gaps() async throws {
        var bootstrap = Bootstrap()
        bootstrap.manager = "server_name: ours"
        bootstrap.routes += "\n- { match: { prefix: /old }, redirect: { path_redirect: /new } }"
        let run = try await convert(bootstrap.yaml)
        #expect(run.status == 1)
        let manager = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config"
        let lines = run.errors.split(separator: "\n")
        #expect(lines.count == 4, "\(run.errors)")
        #expect(lines.first?.hasPrefix("not expressed: \(manager).server_name: the gateway has nothing for it") == true)
        let route = "\(manager).route_config.virtual_hosts[0].routes[3]"
        #expect(lines.dropLast().last?.hasPrefix("not expressed: \(route).redirect: ") == true)
        #expect(lines.last == "1 route answers 501")
        for line in lines.dropLast() {
            #expect(run.output.contains("\n# - \(line.dropFirst("not expressed: ".count))\n"))
        }
        #expect(
            run.output.contains(
                "- match: {startsWith: /old}\n  virtualHost: all\n  filters: [auth]\n  respond: {status: 501}\n"))
    }

    @Test("Routes behind a filter that there is not answer 501, and are written without it where gaps are allowed")
    func closed() async throws {
        var bootstrap = Bootstrap()
        bootstrap.filters += """

            - name: rbac
              typed_config: { "@type": \(Bootstrap.types)/envoy.extensions.filters.http.rbac.v3.RBAC }
            """
        let filter = "static_resources.listeners[0].filter_chains[0].filters[0].typed_config.http_filters[1]"
        let reason =
            "\(filter): left out: the gateway has no filter of the type envoy.extensions.filters.http.rbac.v3.RBAC"
        let run = try await convert(bootstrap.yaml)
        #expect(run.status == 1)
        #expect(run.errors.hasPrefix("closed: \(reason)"), "\(run.errors)")
        #expect(run.errors.hasSuffix("\n3 routes answer 501\n"))
        #expect(run.output.contains("\n# Not expressed, and closed for it (3 routes answer 501):\n# - \(reason)"))
        #expect(run.output.contains("- match: {path: /exact}\n  virtualHost: all\n  respond: {status: 501}\n"))
        #expect(!run.output.contains("upstream: up"))
        let open = try await convert(bootstrap.yaml, "--allow-gaps")
        #expect(open.status == 1)
        #expect(open.errors.hasPrefix("weaker than Envoy: \(reason)"), "\(open.errors)")
        #expect(open.output.contains("\n# Not expressed, and weaker than Envoy for it:\n# - \(reason)"))
        #expect(
            open.output.contains("- match: {path: /exact}\n  virtualHost: all\n  filters: [auth]\n  upstream: up\n"))
    }

    @Test(
        "What is no bootstrap with a listener for HTTP ends with 2, and nothing is written",
        arguments: [
            ("", "expected a mapping"), ("[1]", "expected a mapping"), ("a: [", "expected YAML"),
            ("a: 1\na: 2", "expected each key once"), ("node: {}", "expected a static listener"),
            ("static_resources: { listeners: [{ address: { pipe: { path: /x } } }] }", "expected a socket_address"),
        ])
    func unusable(text: String, message: String) async throws {
        let run = try await convert(text)
        #expect(run.status == 2)
        #expect(run.output == "")
        #expect(run.errors.contains(message), "\(run.errors)")
    }

    @Test("The output can be written to a file")
    func file() async throws {
        let folder = try TemporaryFolder()
        try folder.write(Bootstrap().yaml, to: "envoy.yaml")
        let run = try await airlock(["convert", folder.at("envoy.yaml"), "--output", folder.at("gateway.yaml")])
        #expect(run.status == 0)
        #expect(run.output == "")
        let written = try String(contentsOf: URL(filePath: folder.at("gateway.yaml")), encoding: .utf8)
        #expect(written.hasPrefix("listen: "))
        let missing = try await airlock(["convert", folder.at("none.yaml")])
        #expect(missing.status == 2)
        #expect(missing.errors.contains("none.yaml' cannot be read"))
    }

    private func convert(_ text: String, _ options: String...) async throws -> (
        status: Int32, output: String, errors: String
    ) {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "envoy.yaml")
        return try await airlock(["convert", folder.at("envoy.yaml")] + options)
    }
}
