import Airlock
import AirlockHTTP
import Testing

@Suite("HTTP egress URLs")
struct URLTests {
    private static let refused: [(url: String, part: String)] = [
        ("http://plugins.test@evil.test/", "user information"),
        ("http://plugins.test:80@evil.test/", "user information"),
        ("http://@plugins.test/", "user information"),
        ("http://evil.test\\@plugins.test/", "text"),
        ("http:\\\\plugins.test/", "text"),
        ("http://plugins.test/a b", "text"),
        ("http://plugins.test/\u{0}", "text"),
        ("http://plugins.test/\r\nHost: evil.test", "text"),
        ("\thttp://plugins.test/", "text"),
        ("http://plugins.tést/", "text"),
        ("http://plugins。test/", "text"),
        ("http://１27.0.0.1/", "text"),
        ("http://plugins%2etest/", "host"),
        ("http://%70lugins.test/", "host"),
        ("http:///", "host"),
        ("http://:80/", "host"),
        ("http://?plugins.test", "host"),
        ("http://./", "host"),
        ("http://plugins.test../", "host"),
        ("http://plugins..test/", "host"),
        ("http://-plugins.test/", "host"),
        ("http://plugins.test,evil.test/", "host"),
        ("http://*.test/", "host"),
        ("http://2130706433/", "host"),
        ("http://0x7f000001/", "host"),
        ("http://0x7F.0.0.1/", "host"),
        ("http://0177.0.0.1/", "host"),
        ("http://017700000001/", "host"),
        ("http://127.1/", "host"),
        ("http://127.0.1/", "host"),
        ("http://127.0.0.01/", "host"),
        ("http://127.0.0.256/", "host"),
        ("http://1.2.3.4.5/", "host"),
        ("http://plugins.test.0x/", "host"),
        ("http://plugins.test.1/", "host"),
        ("http://[::1%25lo]/", "host"),
        ("http://[::1%lo]/", "host"),
        ("http://[fe80::1%eth0]/", "host"),
        ("http://[::1/", "host"),
        ("http://[127.0.0.1]/", "host"),
        ("http://[::127.0.0.256]/", "host"),
        ("http://[1:2:3:4:5:6:7:8:9]/", "host"),
        ("http://[1::2::3]/", "host"),
        ("http://::1/", "port"),
        ("http://plugins.test:/", "port"),
        ("http://plugins.test:0/", "port"),
        ("http://plugins.test:080/", "port"),
        ("http://plugins.test:65536/", "port"),
        ("http://plugins.test:99999999999999999999/", "port"),
        ("http://plugins.test:80:80/", "port"),
        ("http://plugins.test:+80/", "port"),
        ("http://[::1]80/", "port"),
        ("//plugins.test/", "scheme"),
        ("plugins.test", "scheme"),
        ("http:plugins.test/", "scheme"),
        ("http:/plugins.test/", "scheme"),
        ("ftp://plugins.test/", "scheme"),
        ("http+unix://%2Fvar%2Frun%2Fdocker.sock/", "scheme"),
        ("unix:///var/run/docker.sock", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("", "scheme"),
        ("http://plugins.test/%", "path"),
        ("http://plugins.test/%0", "path"),
        ("http://plugins.test/%zz", "path"),
        ("http://plugins.test/" + String(repeating: "a", count: 8_192), "length"),
    ]

    @Test func `a URL that parsers may read in different ways ends the call, whatever it seems to name`() async throws {
        let resolver = AddressResolver { name in
            Issue.record("'\(name)' was looked up")
            return []
        }
        try await withEgress(["http://plugins.test", "http://127.0.0.1"], resolver: resolver) { plugin in
            for (url, part) in Self.refused {
                let error = await #expect(throws: PluginError.self, "\(url)") {
                    try await plugin.send(GuestRequest(url: url))
                }
                #expect(error?.code == .denied, "\(url)")
                #expect(error?.message.contains("is refused: its \(part) ") == true, "\(url): \(error?.message ?? "")")
            }
        }
    }

    @Test(arguments: [
        "http://127.0.0.1", "http://127.0.0.1.", "http://[::1]", "http://[0:0:0:0:0:0:0:1]",
        "http://[::ffff:127.0.0.1]",
        "http://[::FFFF:7f00:1]", "http://[::127.0.0.1]", "http://[64:ff9b::127.0.0.1]", "http://[2002:7f00:1::]",
        "http://0.0.0.0",
        "http://[::]", "http://169.254.169.254", "http://[fd00:ec2::254]", "http://168.63.129.16",
    ])
    func `a rule for an address does not open the address if it is not public`(origin: String) async throws {
        try await withEgress([origin], allowing: []) { plugin in
            let error = await #expect(throws: PluginError.self) {
                try await plugin.send(GuestRequest(url: "\(origin)/"))
            }
            #expect(error?.code == .denied)
            #expect(error?.message.contains("the host's address") == true)
        }
    }

    @Test func `a mapped address is the IPv4 address that it maps`() async throws {
        try await LoopbackServer.with(reply: { _, channel in channel.respond(body: "here") }) { server in
            try await withEgress(["http://127.0.0.1:\(server.port)"]) { plugin in
                let answer = try await plugin.send(GuestRequest(url: "http://[::ffff:7f00:1]:\(server.port)/"))
                #expect(answer.text == "here")
                #expect(answer.url == "http://127.0.0.1:\(server.port)/")
                #expect(server.requests[0].lowercased().contains("host: 127.0.0.1:\(server.port)\r\n"))
            }
        }
    }
}
