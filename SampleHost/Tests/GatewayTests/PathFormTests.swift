import Gateway
import Testing

@Suite struct `Forms of paths` {
    private static let everything = PathForm(isNormalized: true, mergesSlashes: true, refusesEscapedSlashes: true)

    /// What the upstream gets for a target; nil where it is refused.
    private func forwarded(_ target: String, _ form: PathForm) async throws -> String? {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            var configuration = try GatewayConfiguration.forwarding(to: upstream)
            configuration.listeners[0].paths = form
            return try await RunningGateway.with(configuration) { gateway in
                try await RawConnection.with(gateway.address) { connection in
                    try await connection.send("GET \(target) HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
                    let answer = try await connection.rest()
                    if answer.hasPrefix("HTTP/1.1 400 ") { return nil }
                    let line = answer.split(separator: "\r\n\r\n", maxSplits: 1).last?.split(separator: "\n").first
                    return line.map { String($0.dropFirst("GET ".count)) }
                }
            }
        }
    }

    @Test(arguments: [
        ("/%61%2D%7e/%e2%82%ac?q=%61", PathForm(isNormalized: true), "/a-~/%E2%82%AC?q=%61"),
        ("/%2561//b", PathForm(isNormalized: true), "/%2561//b"),
        ("/a//b///c?d=//", PathForm(mergesSlashes: true), "/a/b/c?d=//"),
        ("/%61//b", PathForm(), "/%61//b"),
        ("/a%2Fb", PathForm(isNormalized: true, mergesSlashes: true), "/a%2Fb"),
        ("/a%2fb", PathForm(refusesEscapedSlashes: true), nil),
        ("/a%5Cb", Self.everything, nil),
        ("/a?b=%2F", Self.everything, "/a?b=%2F"),
        ("/a/%2e%2E/b", PathForm(isNormalized: true), nil),
        ("/a/%2e./b", PathForm(), nil),
        ("/%61%2eb", Self.everything, "/a.b"),
    ])
    func `routes, filters and the upstream get the form`(target: String, form: PathForm, expected: String?) async throws
    {
        #expect(try await forwarded(target, form) == expected)
    }

    @Test func `a route takes a path by its form`() async throws {
        var configuration = try GatewayConfiguration.forwarding(to: ListenAddress(host: "127.0.0.1", port: 9))
        configuration.listeners[0].paths = Self.everything
        configuration.routes = [
            RouteConfiguration(prefix: try #require(PathPrefix("/admin")), action: .respond(status: 403, body: "")),
            RouteConfiguration(prefix: try #require(PathPrefix("/")), action: .respond(status: 200, body: "")),
        ]
        try await RunningGateway.with(configuration) { gateway in
            for path in ["/admin", "/%61dmin", "//admin", "//%61dmin/x"] {
                let response = try await gateway.send("GET", path)
                #expect(response.status == 403, "\(path)")
            }
            let other = try await gateway.send("GET", "/Admin")
            #expect(other.status == 200)
        }
    }

    @Test func `are read from YAML`() throws {
        let configuration = try GatewayConfiguration(
            yaml: """
                listeners:
                  - { address: "127.0.0.1:0", paths: { normalize: true, mergeSlashes: true, escapedSlashes: refuse } }
                routes: [{ match: { prefix: / }, respond: { status: 200 } }]
                """, file: "gateway.yaml", folder: "/")
        #expect(configuration.listeners.map(\.paths) == [Self.everything])
        let error = try #require(throws: ConfigurationError.self) {
            try GatewayConfiguration(
                yaml: """
                    listeners: [{ address: "127.0.0.1:0", paths: { escapedSlashes: drop } }]
                    routes: [{ match: { prefix: / }, respond: { status: 200 } }]
                    """, file: "gateway.yaml", folder: "/")
        }
        #expect(error.mistakes.map(\.key) == ["listeners[0].paths.escapedSlashes"])
        #expect(error.mistakes.map(\.message) == ["expected keep or refuse, found \"drop\""])
    }
}
