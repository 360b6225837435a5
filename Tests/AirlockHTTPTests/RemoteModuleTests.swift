import Airlock
import AirlockHTTP
import AirlockTesting
import NIOCore
import Testing

@Suite("Modules from an HTTP server")
struct RemoteModuleTests {
    // MARK: Fetching

    @Test func `a module is fetched with the published digest and loaded`() async throws {
        try await withModuleServer { files, server, url, client in
            try files.publish(try answering(1))
            let remote = try RemoteModule("\(url)?token=secret", digest: .published, client: client)
            let source = try await remote.fetch()
            #expect(source.origin == .bytes(try answering(1)))
            #expect(source.pinnedDigest == (try digest(try answering(1))))
            #expect(source.place == url)
            #expect(server.paths == ["/cart.wasm.sha256?token=secret", "/cart.wasm?token=secret"])
            try await withPluginHost { host in
                let plugin = try await host.load(source, name: "cart")
                #expect(try await answer(of: plugin) == 1)
            }
        }
    }

    @Test func `a pinned module is fetched without asking for a digest`() async throws {
        try await withModuleServer { files, server, url, client in
            files.put("/cart.wasm", try answering(1))
            let pinned = try digest(try answering(1)).uppercased()
            let source = try await RemoteModule(url, digest: .pinned(pinned), client: client).fetch()
            #expect(source.pinnedDigest == pinned.lowercased())
            #expect(server.paths == ["/cart.wasm"])
        }
    }

    @Test(arguments: [true, false])
    func `bytes with another digest are refused with both`(isPinned: Bool) async throws {
        try await withModuleServer { files, _, url, client in
            let (expected, found) = (try digest(try answering(1)), try digest(try answering(2)))
            try files.publish(try answering(1))
            files.put("/cart.wasm", try answering(2))
            let error = await failure(of: url, isPinned ? .pinned(expected) : .published, client)
            #expect(error?.code == .digestMismatch)
            let size = try answering(2).count
            #expect(error?.message == "'\(url)' has the SHA-256 \(found) in \(size) bytes, expected \(expected)")
        }
    }

    @Test(arguments: [
        "", "abc", "\n\n", String(repeating: "0", count: 65), String(repeating: "g", count: 64) + "  cart.wasm",
    ])
    func `a file that is no digest is refused`(text: String) async throws {
        try await withModuleServer { files, _, url, client in
            files.put("/cart.wasm.sha256", text.utf8)
            let error = await failure(of: url, .published, client)
            #expect(error?.code == .invalidDigest)
            #expect(error?.url == "\(url).sha256")
        }
    }

    @Test(arguments: ["%", "%\r\n", "% *cart.wasm\n", "\\%  a\\nb\n"])
    func `a digest is read as it is usually written`(form: String) async throws {
        try await withModuleServer { files, _, url, client in
            try files.publish(try answering(1))
            files.put("/cart.wasm.sha256", form.replacing("%", with: try digest(try answering(1))).utf8)
            #expect(try await RemoteModule(url, digest: .published, client: client).fetch().pinnedDigest != nil)
        }
    }

    // MARK: Hostile servers

    @Test(arguments: [
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", RemoteModuleError.Code.status),
        ("HTTP/1.1 204 No Content\r\n\r\n", .status),
        ("HTTP/1.1 304 Not Modified\r\n\r\n", .status),
        ("HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n", .tooLarge),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd", .digestMismatch),
        ("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", .invalidResponse),
        ("HTTP/1.1 302 Found\r\nLocation: ftp://plugins.test/\r\nContent-Length: 0\r\n\r\n", .redirect),
        ("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n", .redirect),
        ("HTTP/1.1 302 Found\r\nLocation: /cart.wasm\r\nContent-Length: 0\r\n\r\n", .redirect),
        ("HTTP/1.1 302 Found\r\nLocation: http://public.test/\r\nContent-Length: 0\r\n\r\n", .plainText),
        ("hello\r\n\r\n", .invalidResponse),
    ])
    func `an answer that is no module within its bounds is refused`(text: String, code: RemoteModuleError.Code)
        async throws
    {
        try await withModuleServer { files, _, url, client in
            try files.publish(try answering(1))
            files.answer("/cart.wasm", text)
            let error = await failure(of: url, .published, client)
            #expect(error?.code == code, "\(error.map { "\($0)" } ?? "none")")
        }
    }

    @Test(
        arguments: [
            ("0", .zero), ("120", .seconds(120)), ("86401", .seconds(86_400)),
            ("99999999999999999999", .seconds(86_400)),
            ("Sun, 06 Nov 1994 08:51:37 GMT", .seconds(120)), ("Mon, 07 Nov 1994 08:49:37 GMT", .seconds(86_400)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", .zero), ("Thu, 01 Jan 1970 00:00:00 GMT", .zero),
            ("Fri, 31 Dec 9999 23:59:59 GMT", .seconds(86_400)),
            // Obsolete forms, other zones, days and times that there are not, and what is neither.
            ("Sunday, 06-Nov-94 08:51:37 GMT", nil), ("Sun Nov  6 08:51:37 1994", nil),
            ("Sun, 06 Nov 1994 08:51:37 CET", nil), ("Sun, 31 Feb 1995 08:51:37 GMT", nil),
            ("Sun, 06 Nov 1994 25:51:37 GMT", nil), ("Sun, 06 Now 1994 08:51:37 GMT", nil),
            ("Sun, -6 Nov 1994 08:51:37 GMT", nil), ("Sun, 06 Nov 1994 08:51:37 GMT later", nil), ("-1", nil),
            ("1.5", nil), ("soon", nil), ("", nil),
        ] as [(String, Duration?)]
    )
    func `a server says when to come back, in seconds or by a date`(text: String, wait: Duration?) async throws {
        try await withModuleServer { files, _, url, client in
            let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT"
            files.answer(
                "/cart.wasm", "HTTP/1.1 503 Busy\r\n\(date)\r\nRetry-After: \(text)\r\nContent-Length: 0\r\n\r\n")
            let error = await failure(of: url, .pinned(someDigest), client)
            #expect(error?.status == 503)
            #expect(error?.retryAfter == wait)
        }
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:51:37 GMT", Duration.zero), ("Fri, 31 Dec 9999 23:59:59 GMT", .seconds(86_400)),
    ])
    func `where a server does not say what time it is there, the clock here counts`(text: String, wait: Duration)
        async throws
    {
        try await withModuleServer { files, _, url, client in
            files.answer("/cart.wasm", "HTTP/1.1 503 Busy\r\nRetry-After: \(text)\r\nContent-Length: 0\r\n\r\n")
            #expect(await failure(of: url, .pinned(someDigest), client)?.retryAfter == wait)
        }
    }

    @Test func `a body without end is left off, and its connection closed`() async throws {
        let endless: LoopbackServer.Reply = { _, channel in
            channel.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(1)) { _ in
                channel.send("1000\r\n" + String(repeating: "a", count: 0x1000) + "\r\n")
            }
            channel.closeFuture.whenComplete { _ in task.cancel() }
        }
        try await LoopbackServer.with(reply: endless) { server in
            try await withHTTPEgressClient(resolver: fixed([:])) { client in
                let url = "http://127.0.0.1:\(server.port)/cart.wasm"
                for (digest, file) in [(RemoteModule.Digest.published, "\(url).sha256"), (.pinned(someDigest), url)] {
                    let error = await failure(of: url, digest, client)
                    #expect(error?.code == .tooLarge)
                    #expect(error?.url == file)
                }
                await server.closures(2)
            }
        }
    }

    @Test func `a connection that ends before the whole body is a failure`() async throws {
        let short: LoopbackServer.Reply = { _, channel in
            channel.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
            channel.close(promise: nil)
        }
        try await LoopbackServer.with(reply: short) { server in
            try await withHTTPEgressClient(resolver: fixed([:])) { client in
                let error = await failure(of: "http://127.0.0.1:\(server.port)/", .pinned(someDigest), client)
                #expect(error?.code == .unreachable)
            }
        }
    }

    @Test func `a server that is silent costs no more time than it may`() async throws {
        try await LoopbackServer.with(reply: { _, _ in }) { server in
            try await withHTTPEgressClient(resolver: fixed([:])) { client in
                var configuration = RemoteModule.Configuration()
                configuration.timeout = .milliseconds(50)
                let url = "http://127.0.0.1:\(server.port)/cart.wasm"
                let error = await failure(of: url, .published, client, configuration)
                #expect(error?.code == .timedOut)
                #expect(error?.message == "'\(url)' was not fetched within 0.05 seconds")
            }
        }
    }

    @Test func `a redirect is followed, and none from https to http`() async throws {
        try await withModuleServer { files, server, url, client in
            try files.publish(try answering(1))
            files.answer("/old.wasm", "HTTP/1.1 302 Found\r\nLocation: cart.wasm\r\nContent-Length: 0\r\n\r\n")
            let old = url.replacing("cart", with: "old")
            let remote = try RemoteModule(old, digest: .pinned(try digest(try answering(1))), client: client)
            #expect(try await remote.fetch().origin == .bytes(try answering(1)))
            #expect(server.paths == ["/old.wasm", "/cart.wasm"])
        }
        let location = "Location: http://127.0.0.1/cart.wasm?token=secret"
        try await withTLSServer(reply: { $1.respond("302 Found", [location]) }) { server, client in
            let url = "https://plugins.test:\(server.port)/cart.wasm"
            let error = await failure(of: url, .pinned(someDigest), client)
            #expect(error?.code == .redirect)
            #expect(error?.message == "'\(url)' redirects to 'http://127.0.0.1/cart.wasm', expected https")
        }
    }

    // MARK: Configuration

    @Test(arguments: [
        "", "cart.wasm", "ftp://plugins.test/cart.wasm", "https://me:secret@plugins.test/cart.wasm",
        "https://plugins.test/",
    ])
    func `a URL that cannot be used is refused, and its secrets are not told`(url: String) async throws {
        try await withHTTPEgressClient(resolver: fixed([:])) { client in
            let error = await failure(of: url, .published, client)
            #expect(error?.code == .configuration)
            #expect(error?.description.contains("secret") == false)
        }
    }

    @Test func `settings that cannot be used are refused`() async throws {
        try await withHTTPEgressClient(resolver: fixed([:])) { client in
            let url = "https://plugins.test/cart.wasm"
            #expect(await failure(of: url, .pinned("abc"), client)?.code == .configuration)
            for change: (inout RemoteModule.Configuration) -> Void in [
                { $0.moduleBytes = 0 }, { $0.timeout = .zero }, { $0.redirects = -1 },
                { $0.longestWait = .seconds(-1) },
                { $0.signers = [] },
            ] {
                var configuration = RemoteModule.Configuration()
                change(&configuration)
                #expect(await failure(of: url, .published, client, configuration)?.code == .configuration)
            }
        }
    }

    @Test func `without a pinned digest plain http is for loopback addresses only`() async throws {
        try await withHTTPEgressClient(resolver: fixed(["public.test": ["127.0.0.1", "192.0.2.1"]])) { client in
            for url in ["http://public.test/cart.wasm?token=secret", "http://192.0.2.1/cart.wasm?token=secret"] {
                let error = await failure(of: url, .published, client)
                #expect(error?.code == .plainText)
                #expect(error?.message.contains("192.0.2.1") == true)
                #expect(error?.description.contains("secret") == false)
            }
        }
    }

    // MARK: Signatures

    @Test func `a signature beside the module comes with it, and another key's is refused`() async throws {
        try await withModuleServer { files, _, url, client in
            let key = ModuleSigningKey()
            let module = try answering(1)
            try files.publish(module)
            var configuration = RemoteModule.Configuration()
            configuration.signers = [key.verificationKey]
            let remote = try RemoteModule(url, digest: .published, configuration: configuration, client: client)
            try await withPluginHost { host in
                for signature in [nil, try ModuleSigningKey().detachedSignature(of: module)] {
                    if let signature { files.put("/cart.wasm.sig", signature) }
                    let source = try await remote.fetch()
                    let error = await #expect(throws: PluginError.self) { try await host.load(source) }
                    #expect(error?.code == .signatureRefused)
                }
                files.put("/cart.wasm.sig", try key.detachedSignature(of: module))
                let plugin = try await host.load(try await remote.fetch())
                #expect(try await answer(of: plugin) == 1)
            }
        }
    }

    private let someDigest = String(repeating: "0", count: 64)

    /// What fetching fails with; nil, and an issue, where it does not.
    private func failure(
        of url: String, _ digest: RemoteModule.Digest, _ client: HTTPEgressClient,
        _ configuration: RemoteModule.Configuration = Self.small
    ) async -> RemoteModuleError? {
        await #expect(throws: RemoteModuleError.self) {
            _ = try await RemoteModule(url, digest: digest, configuration: configuration, client: client).fetch()
        }
    }

    private static let small = {
        var configuration = RemoteModule.Configuration()
        configuration.moduleBytes = 64 << 10
        return configuration
    }()
}
