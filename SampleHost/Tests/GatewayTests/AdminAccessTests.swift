import Airlock
import Gateway
import Testing

@Suite struct `Access to the admin server` {
    private static let secret = "a-token-of-25-characters!"

    private func send(_ request: String, to address: ListenAddress) async throws -> String {
        try await RawConnection.with(address) { connection in
            try await connection.send(request)
            return try await connection.head()
        }
    }

    // MARK: Without a token

    @Test(arguments: ["localhost:8081", "LOCALHOST", "127.0.0.1", "127.1.2.3:80", "[::1]:8081", "[::1]"])
    func `the names of this machine are let in`(host: String) async throws {
        try await FilterOfAFile.with { filter in
            let head = try await send(
                "GET /plugins HTTP/1.1\r\nHost: \(host)\r\n\r\n", to: try #require(filter.gateway.admin))
            #expect(head.hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test(arguments: [
        "evil.example", "evil.example:8081", "127.0.0.1.evil.example", "localhost.evil.example", "[::1].evil.example",
        "127.0.0.1:x", "x@127.0.0.1", "[127.0.0.1]", "10.0.0.1", "0.0.0.0", "[::]", "",
    ])
    func `a request for another name is refused, since a page in a browser may have sent it`(host: String) async throws
    {
        try await FilterOfAFile.with { filter in
            let admin = try #require(filter.gateway.admin)
            for path in ["/plugins", "/metrics", "/events", "/plugins/filter/versions", "/nothing"] {
                let head = try await send("GET \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n", to: admin)
                #expect(head.hasPrefix("HTTP/1.1 403 "), "\(path): \(head)")
            }
            #expect(
                try await send("GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n", to: admin).hasPrefix("HTTP/1.1 200 "))
        }
    }

    @Test func `a request without a host is refused`() async throws {
        try await FilterOfAFile.with { filter in
            let head = try await send("GET /plugins HTTP/1.0\r\n\r\n", to: try #require(filter.gateway.admin))
            #expect(head.contains(" 403 "))
        }
    }

    @Test func `a page in a browser changes nothing`() async throws {
        try await FilterOfAFile.with { filter in
            for origin in ["https://evil.example", "null", "http://localhost"] {
                let answer = try await filter.gateway.sendToAdmin(
                    "/plugins/filter/reload", method: "POST", headers: [("origin", origin)])
                #expect(answer.status == 403)
                #expect(try ErrorAnswer(answer.body).error.code == "forbidden")
            }
            #expect(try await filter.versions().states == ["1 serving"])
        }
    }

    // MARK: With a token

    private func withToken(_ body: @Sendable (FilterOfAFile) async throws -> Void) async throws {
        try await FilterOfAFile.with(token: try AdminToken(Self.secret), body)
    }

    @Test func `every endpoint but health and readiness asks for the token`() async throws {
        try await withToken { filter in
            for path in ["/plugins", "/metrics", "/events", "/plugins/filter/versions", "/nothing", "/healthz/"] {
                let answer = try await filter.gateway.sendToAdmin(path)
                #expect(answer.status == 401)
                #expect(answer.headers["www-authenticate"] == "Bearer realm=\"admin\"")
                #expect(try ErrorAnswer(answer.body).error.code == "unauthorized")
            }
            for verb in ["reload", "promote", "rollback", "drop", "quarantine", "readmit"] {
                #expect(try await filter.gateway.sendToAdmin("/plugins/filter/\(verb)", method: "POST").status == 401)
            }
            #expect(try await filter.gateway.sendToAdmin("/healthz").status == 200)
            #expect(try await filter.gateway.sendToAdmin("/readyz").status == 200)
        }
    }

    @Test(arguments: [
        "Bearer another-token-of-this-size", "Bearer", "Bearer ", "Basic \(secret)", secret, "Bearer \(secret)x",
        "Bearer \(secret.dropLast())", "Bearer  \(secret)", "",
    ])
    func `what is not the token is refused`(authorization: String) async throws {
        try await withToken { filter in
            let answer = try await filter.gateway.sendToAdmin("/plugins", headers: [("authorization", authorization)])
            #expect(answer.status == 401)
            #expect(answer.headers["www-authenticate"] == "Bearer realm=\"admin\", error=\"invalid_token\"")
        }
    }

    @Test func `the token must come once`() async throws {
        try await withToken { filter in
            let field = "Authorization: Bearer \(Self.secret)\r\n"
            let head = try await send(
                "GET /plugins HTTP/1.1\r\nHost: h\r\n\(field)\(field)\r\n", to: try #require(filter.gateway.admin))
            #expect(head.hasPrefix("HTTP/1.1 401 "))
        }
    }

    @Test(arguments: ["Bearer", "bearer", "BEARER"])
    func `with the token all is open, under every name`(scheme: String) async throws {
        try await withToken { filter in
            let field = "Authorization: \(scheme) \(Self.secret)\r\n"
            let head = try await send(
                "GET /plugins HTTP/1.1\r\nHost: gateway.example\r\n\(field)\r\n",
                to: try #require(filter.gateway.admin))
            #expect(head.hasPrefix("HTTP/1.1 200 "))
            let headers = [("authorization", "\(scheme) \(Self.secret)"), ("origin", "https://console.example")]
            let answer = try await filter.gateway.sendToAdmin(
                "/plugins/filter/reload", method: "POST", headers: headers)
            #expect(answer.status == 200)
        }
    }

    @Test func `without a token the gateway does not start on an address that others reach`() async throws {
        let configuration = GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0),
            admin: AdminConfiguration(listen: ListenAddress(host: "0.0.0.0", port: 0)),
            routes: []
        )
        let error = await #expect(throws: GatewayError.self) {
            try await Gateway(configuration, logger: RunningGateway.logger)
        }
        #expect(error?.reasons == ["admin 0.0.0.0:0: expected a loopback address, or a token"])
    }
}
