import Airlock
import AirlockHTTP
import AirlockTesting
import Testing

@Suite("HTTP egress rules")
struct RuleTests {
    @Test func `a request that a rule allows reaches its server and brings the response back`() async throws {
        try await LoopbackServer.with(reply: { request, channel in
            channel.respond("201 Created", ["X-Kind: reply"], body: String(repeating: "abc", count: 1_000))
        }) { server in
            try await withEgress(["POST http://plugins.test:\(server.port)"]) { plugin in
                let url = "http://PLUGINS.test:\(server.port)/a%20b?q=[1]#part"
                let answer = try await plugin.send(
                    GuestRequest(method: "POST", url: url, headers: [("X-Mine", "yes")], body: Array("hello".utf8)))
                #expect(answer.result == 201)
                #expect(answer.text == String(repeating: "abc", count: 1_000))
                #expect(answer.headers.contains { $0 == ("X-Kind", "reply") })
                #expect(answer.url == "http://plugins.test:\(server.port)/a%20b?q=%5B1%5D")
                let lines = server.requests[0].split(separator: "\r\n").map { $0.lowercased() }
                #expect(lines.first == "post /a%20b?q=%5b1%5d http/1.1")
                #expect(lines.contains("host: plugins.test:\(server.port)"))
                #expect(lines.contains("x-mine: yes"))
                #expect(lines.last == "hello")
            }
        }
    }

    @Test(arguments: [
        ("GET", "http://other.test:PORT/", "no rule has the host 'other.test'"),
        ("GET", "http://evil-plugins.test:PORT/", "no rule has the host"),
        ("GET", "http://below.plugins.test:PORT/", "no rule has the host"),
        ("GET", "https://plugins.test:PORT/", "no rule has the scheme 'https'"),
        ("GET", "http://plugins.test/", "no rule has the port 80"),
        ("DELETE", "http://plugins.test:PORT/", "no rule has the method 'DELETE'"),
        ("get", "http://plugins.test:PORT/", "no rule has the method 'get'"),
        ("CONNECT", "http://plugins.test:PORT/", "the method 'CONNECT' is none that can be sent"),
        ("GET / HTTP/1.1\r\nX:", "http://plugins.test:PORT/", "is none that can be sent"),
    ])
    func `a request that no rule allows ends the call and reaches nobody`(
        method: String, url: String, reason: String
    ) async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            let names = ["plugins.test", "other.test", "evil-plugins.test", "below.plugins.test"]
            let resolver = fixed(Dictionary(uniqueKeysWithValues: names.map { ($0, ["127.0.0.1"]) }))
            try await withEgress(["GET,HEAD http://plugins.test:\(server.port)"], resolver: resolver) { plugin in
                let request = GuestRequest(
                    method: method, url: url.replacing("PORT", with: "\(server.port)"))
                let error = await #expect(throws: PluginError.self) { try await plugin.send(request) }
                #expect(error?.code == .denied)
                #expect(error?.message.contains(reason) == true)
                #expect(server.connections == 0)
            }
        }
    }

    @Test func `a pattern allows the names below a domain and not the domain itself`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond() }) { server in
            let resolver = AddressResolver { _ in [IPAddress("127.0.0.1")].compactMap(\.self) }
            try await withEgress(["http://*.plugins.test:\(server.port)"], resolver: resolver) { plugin in
                for host in ["a.plugins.test", "a.b.PLUGINS.TEST."] {
                    let answer = try await plugin.send(GuestRequest(url: "http://\(host):\(server.port)/"))
                    #expect(answer.result == 200)
                }
                for host in ["plugins.test", "aplugins.test", "a.plugins.test.evil.test"] {
                    let error = await #expect(throws: PluginError.self) {
                        try await plugin.send(GuestRequest(url: "http://\(host):\(server.port)/"))
                    }
                    #expect(error?.code == .denied)
                }
            }
        }
    }

    @Test func `a module that was not granted HTTP is refused at load`() async throws {
        let configuration = PluginHostConfiguration(workers: 1, knownCapabilities: [HTTPEgress.self])
        try await withPluginHost(configuration) { host in
            let module = #"(module (import "airlock:http" "send" (func (param i32 i32) (result i32))))"#
            let error = await #expect(throws: PluginError.self) { try await host.loadSuspendable(.wat(module)) }
            #expect(error?.code == .missingCapability)
            #expect(error?.message.contains("airlock:http.send needs the capability 'airlock:http'") == true)
        }
    }

    @Test(arguments: [
        "ftp://plugins.test", "plugins.test", "http://", "http://plugins.test/path", "http://user@plugins.test",
        "http://*",
        "http://*.127.0.0.1", "http://plugins.test:0", "G@T http://plugins.test", "CONNECT http://plugins.test",
        ", http://plugins.test", "http://a b",
    ])
    func `a rule that cannot be understood is refused`(text: String) {
        let error = #expect(throws: PluginError.self) { try HTTPRule(text: text) }
        #expect(error?.code == .configuration)
    }
}
