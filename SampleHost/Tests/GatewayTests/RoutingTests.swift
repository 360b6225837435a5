import Gateway
import Testing

@Suite struct Routing {
    @Test(arguments: [
        ("/", "/", true), ("/", "/anything?x=1", true), ("/api", "/api", true), ("/api/", "/api", true),
        ("/api", "/api/", true),
        ("/api", "/api/users", true), ("/api", "/api?x=1", true), ("/api", "/apis", false), ("/api", "/ap", false),
        ("/api", "/API", false), ("/api", "/v1/api", false), ("/a/b", "/a/b/c", true), ("/a/b", "/a/bc", false),
    ])
    func `a prefix is compared by whole segments`(prefix: String, target: String, matches: Bool) throws {
        #expect(try #require(PathPrefix(prefix)).matches(target) == matches)
    }

    @Test(arguments: [
        ("/a", "/a", true), ("/a", "/a?x=/b", true), ("/a", "/a/", false), ("/a", "/ab", false), ("/a", "/", false),
        ("/a/", "/a", false), ("/a/", "/a/", true), ("/", "/?", true), ("/", "/a", false),
    ])
    func `a path is compared whole, without the query`(path: String, target: String, matches: Bool) throws {
        #expect(RouteMatch.path(try #require(PathText(path))).matches(target) == matches)
    }

    @Test(arguments: [
        ("/a", "/a", true), ("/a", "/ab?x", true), ("/a", "/a/b", true), ("/a/", "/a", false), ("/a/", "/a?/", false),
        ("/a", "/b", false), ("/", "/b", true),
    ])
    func `the begin of a path is compared without regard to segments`(begin: String, target: String, matches: Bool)
        throws
    {
        #expect(RouteMatch.startsWith(try #require(PathText(begin))).matches(target) == matches)
    }

    @Test(arguments: ["", "api", "/a?b", "/a#b", "/a b"])
    func `what is not a path is not a prefix`(text: String) {
        #expect(PathPrefix(text) == nil)
        #expect(PathText(text) == nil)
    }

    @Test func `the first route that matches takes the request, and no route is 404`() async throws {
        let configuration = GatewayConfiguration(
            listen: ListenAddress(host: "127.0.0.1", port: 0),
            routes: [
                try route("/a/b", answers: "first"),
                try route("/a", answers: "second"),
                try route("/a/c", answers: "never"),
            ]
        )
        try await RunningGateway.with(configuration) { gateway in
            #expect(try await gateway.send("GET", "/a/b?x").body == "first")
            #expect(try await gateway.send("GET", "/a/c").body == "second")
            let missing = try await gateway.send("GET", "/b")
            #expect(missing.status == 404)
            #expect(missing.body == "404 Not Found: no route takes this path\n")
        }
    }

    private func route(_ prefix: String, answers body: String) throws -> RouteConfiguration {
        RouteConfiguration(prefix: try #require(PathPrefix(prefix)), action: .respond(status: 200, body: body))
    }
}
