import Airlock
import AirlockHTTP
import Testing

@Suite("HTTP egress redirects")
struct RedirectTests {
    /// Answers `/to?LOCATION` with a redirect there, of the status that the path begins with, and everything else with its request.
    private static let redirecting: LoopbackServer.Reply = { request, channel in
        let target = request.split(separator: " ")[1]
        guard let separator = target.firstIndex(of: "?"), let status = Int(target[..<separator].dropFirst()) else {
            return channel.respond(body: request)
        }
        channel.respond("\(status) Elsewhere", ["Location: \(target[target.index(after: separator)...])"])
    }

    @Test(arguments: [
        "http://other.test:PORT/", "http://plugins.test:1/", "https://plugins.test:PORT/", "//other.test:PORT/",
        "http://plugins.test:PORT@other.test/", "http://169.254.169.254/latest", "ftp://plugins.test/",
        "file:///etc/passwd", "http://2130706433:PORT/",
    ])
    func `a redirect to what no rule allows is a result of the guest's, and does not end its call`(location: String)
        async throws
    {
        try await LoopbackServer.with(reply: Self.redirecting) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let location = location.replacing("PORT", with: "\(server.port)")
                let request = GuestRequest(url: "http://plugins.test:\(server.port)/302?\(location)")
                let answer = try await plugin.send(request)
                #expect(answer.result == HTTPEgressResult.notAllowed.rawValue)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test(arguments: ["inner.test", "127.0.0.3"])
    func `a redirect to a private address, by name or as it is, makes no connection`(host: String) async throws {
        try await LoopbackServer.with(reply: Self.redirecting) { server in
            try await LoopbackServer.with(at: "127.0.0.3", reply: { _, channel in channel.respond() }) { hidden in
                let resolver = fixed(["plugins.test": ["127.0.0.1"], "inner.test": ["127.0.0.3"]])
                let rules = ["http://plugins.test:\(server.port)", "http://\(host):\(hidden.port)"]
                try await withEgress(rules, resolver: resolver) { plugin in
                    let url = "http://plugins.test:\(server.port)/302?http://\(host):\(hidden.port)/"
                    let answer = try await plugin.send(GuestRequest(url: url))
                    #expect(answer.result == HTTPEgressResult.notAllowed.rawValue)
                    #expect(hidden.connections == 0)
                }
            }
        }
    }

    @Test(arguments: [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (303, "PUT", "GET"), (307, "POST", "POST"),
        (308, "PUT", "PUT"), (302, "PUT", "PUT"), (303, "HEAD", "HEAD"),
    ])
    func `a redirect changes the method as browsers do`(status: Int, method: String, expected: String) async throws {
        try await LoopbackServer.with(reply: Self.redirecting) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let request = GuestRequest(
                    method: method, url: "http://plugins.test:\(server.port)/\(status)?/next",
                    headers: [("Content-Type", "text/plain"), ("Accept", "x/y")],
                    body: method == "HEAD" ? [] : Array("body".utf8)
                )
                // A response to HEAD that ends with its head, as it must.
                let answer = try await plugin.send(request)
                #expect(answer.result == 200)
                let last = server.requests[1]
                #expect(last.hasPrefix("\(expected) /next HTTP/1.1\r\n"))
                #expect(last.contains("Accept: x/y"))
                #expect(last.contains("Content-Type") == (method == expected))
                #expect(last.hasSuffix("body") == (method == expected && method != "HEAD"))
            }
        }
    }

    @Test func `the method of a redirect must be allowed as well`() async throws {
        try await LoopbackServer.with(reply: Self.redirecting) { server in
            try await withEgress(["POST http://plugins.test:\(server.port)"]) { plugin in
                let request = GuestRequest(method: "POST", url: "http://plugins.test:\(server.port)/303?/next")
                let answer = try await plugin.send(request)
                #expect(answer.result == HTTPEgressResult.notAllowed.rawValue)
                #expect(server.requests.count == 1)
            }
        }
    }

    @Test func `credentials stay with their origin`() async throws {
        try await LoopbackServer.with(reply: Self.redirecting) { server in
            try await LoopbackServer.with(reply: Self.redirecting) { other in
                let rules = [server.port, other.port].map { "http://plugins.test:\($0)" }
                try await withEgress(rules) { plugin in
                    let headers = [
                        ("authorization", "secret"), ("Cookie", "secret"), ("X-API-Key", "secret"), ("X-Free", "open"),
                    ]
                    let near = "http://plugins.test:\(server.port)/307?/near"
                    #expect(try await plugin.send(GuestRequest(url: near, headers: headers)).text.contains("secret"))
                    let far = "http://plugins.test:\(server.port)/307?http://plugins.test:\(other.port)/far"
                    let answer = try await plugin.send(GuestRequest(url: far, headers: headers))
                    #expect(answer.url == "http://plugins.test:\(other.port)/far")
                    #expect(!answer.text.contains("secret"))
                    #expect(answer.text.contains("X-Free: open"))
                }
            }
        }
    }

    @Test(arguments: [
        ("/a/b/300?c", "/a/b/300?c"),
        ("/301?next/./x/../y?z=1", "/next/y?z=1"),
        ("/301?../../up", "/up"),
        ("/301?//plugins.test:PORT/whole", "/whole"),
        ("/301?HTTP://plugins.test:PORT", "/"),
        ("/301?//PLUGINS.TEST.:PORT/..", "/.."),
    ])
    func `a location may be relative`(first: String, last: String) async throws {
        try await LoopbackServer.with(reply: Self.redirecting) { server in
            try await withEgress(["http://plugins.test:\(server.port)"]) { plugin in
                let path = first.replacing("PORT", with: "\(server.port)")
                let answer = try await plugin.send(GuestRequest(url: "http://plugins.test:\(server.port)\(path)"))
                #expect(answer.url == "http://plugins.test:\(server.port)\(last)")
            }
        }
    }

    @Test func `more redirects than granted or asked for are a result of the guest's`() async throws {
        try await LoopbackServer.with(reply: { request, channel in
            channel.respond("302 Found", ["Location: /again"], body: "moved")
        }) { server in
            var limits = HTTPEgressLimits()
            limits.redirects = 3
            try await withEgress(["http://plugins.test:\(server.port)"], limits: limits) { plugin in
                var request = GuestRequest(url: "http://plugins.test:\(server.port)/")
                let granted = try await plugin.send(request)
                #expect(granted.result == HTTPEgressResult.tooManyRedirects.rawValue)
                #expect(server.requests.count == 4)
                request.redirects = 1
                let asked = try await plugin.send(request)
                #expect(asked.result == HTTPEgressResult.tooManyRedirects.rawValue)
                #expect(server.requests.count == 6)
                request.redirects = 0
                let answer = try await plugin.send(request)
                #expect(answer.result == 302)
                #expect(answer.text == "moved")
                #expect(answer.headers.contains { $0 == ("Location", "/again") })
            }
        }
    }
}
