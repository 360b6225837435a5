import Airlock
import AirlockHTTP
import AirlockTesting
import NIOCore
import Synchronization
import Testing

@Suite("Following a module on an HTTP server")
struct RemoteFollowingTests {
    private static let often = Duration.milliseconds(2)

    @Test(arguments: [#""1""#, #"W/"1""#])
    func `an unchanged digest costs no body and no reload`(tag: String) async throws {
        try await withFollowedPlugin(tag: tag) { followed in
            await followed.server.arrivals(5)
            let plugin = followed.plugin
            #expect(plugin.currentVersion?.number == 1)
            // One for the first load, one for the digest's tag; then it never comes as a body again.
            #expect(followed.server.count(of: "/cart.wasm") == 1)
            let looks = followed.server.requests.dropFirst(3)
            #expect(looks.allSatisfy { $0.contains("If-None-Match: \(tag)\r\n") })
            #expect(followed.failures.isEmpty)
        }
    }

    @Test func `a tag is shown to the place that it came from, behind a redirect, and to no other`() async throws {
        try await withFollowedPlugin(tag: #""1""#) { followed in
            let moved = "HTTP/1.1 307 Moved\r\nLocation: /new/cart.sha256\r\nContent-Length: 0\r\n\r\n"
            followed.files.put("/new/cart.sha256", try digest(try answering(1)).utf8, tag: #""n""#)
            followed.files.answer("/cart.wasm.sha256", moved)
            let seen = followed.server.requests.count
            await followed.server.arrivals(seen + 12)
            let requests = followed.server.requests.dropFirst(seen)
            let asked = requests.filter { $0.hasPrefix("GET /new/") }
            #expect(!asked.isEmpty)
            #expect(asked.dropFirst().allSatisfy { $0.contains(#"If-None-Match: "n""#) })
            #expect(!asked.contains { $0.contains(#"If-None-Match: "1""#) })
            #expect(!requests.contains { $0.hasPrefix("GET /cart.wasm.sha256") && $0.contains(#""n""#) })
            #expect(followed.server.count(of: "/cart.wasm") == 1)
        }
    }

    @Test(arguments: [nil, "changed", #""un"quoted""#])
    func `without a usable tag the digests are compared`(tag: String?) async throws {
        try await withFollowedPlugin(tag: tag) { followed in
            await followed.server.arrivals(5)
            #expect(followed.plugin.currentVersion?.number == 1)
            #expect(followed.server.count(of: "/cart.wasm") == 1)
            #expect(!followed.server.requests.contains { $0.contains("If-None-Match") })
        }
    }

    @Test func `a changed digest is a new version`() async throws {
        try await withFollowedPlugin(tag: #""1""#) { followed in
            await followed.server.arrivals(3)
            try followed.files.publish(try answering(2), tag: #""2""#)
            #expect(await followed.event { if case .reloaded(1) = $0 { true } else { false } })
            #expect(try await answer(of: followed.plugin) == 2)
            #expect(followed.plugin.currentVersion?.digest == (try digest(try answering(2))))
            #expect(followed.server.count(of: "/cart.wasm") == 2)
        }
    }

    @Test func `a new version takes over as the plugin's policy says`() async throws {
        try await withFollowedPlugin(tag: #""1""#, policy: ReloadPolicy(strategy: .manual)) { followed in
            try followed.files.publish(try answering(2), tag: #""2""#)
            #expect(await followed.event { if case .staged = $0 { true } else { false } })
            let seen = followed.server.requests.count
            await followed.server.arrivals(seen + 3)
            #expect(try await answer(of: followed.plugin) == 1)
            #expect(followed.server.count(of: "/cart.wasm") == 2)
            try await followed.plugin.releases.promote()
            #expect(try await answer(of: followed.plugin) == 2)
        }
    }

    @Test func `a version that is refused leaves the running one and is not fetched until the digest changes`()
        async throws
    {
        try await withFollowedPlugin(tag: nil) { followed in
            try followed.files.publish([0, 1, 2, 3])
            await followed.failure(1)
            let seen = followed.server.requests.count
            await followed.server.arrivals(seen + 5)
            #expect(try await answer(of: followed.plugin) == 1)
            #expect(followed.server.count(of: "/cart.wasm") == 2)
            #expect(followed.failures.map { ($0 as? PluginError)?.code } == [.invalidModule])
            try followed.files.publish(try answering(3))
            #expect(await followed.event { if case .reloaded = $0 { true } else { false } })
            #expect(try await answer(of: followed.plugin) == 3)
        }
    }

    @Test func `a quarantined version is not even fetched`() async throws {
        try await withFollowedPlugin(tag: nil) { followed in
            let bad = try digest(try answering(2))
            try await followed.plugin.releases.quarantine(bad, because: "of a test")
            try followed.files.publish(try answering(2))
            await followed.failure(1)
            let seen = followed.server.requests.count
            await followed.server.arrivals(seen + 3)
            #expect(followed.server.count(of: "/cart.wasm") == 1)
            #expect(followed.failures.map { ($0 as? PluginError)?.code } == [.quarantined])
            #expect(
                await followed.event {
                    if case .sourceUnavailable(let event) = $0 { event.code == .quarantined } else { false }
                })
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a version that is readmitted is loaded, whether it was before or not`() async throws {
        try await withFollowedPlugin(tag: #""1""#) { followed in
            let releases = followed.plugin.releases
            let version = try digest(try answering(2))
            try await releases.quarantine(version, because: "of a test")
            try followed.files.publish(try answering(2), tag: #""2""#)
            await followed.failure(1)
            try await releases.readmit(version)
            #expect(await followed.event { if case .reloaded = $0 { true } else { false } })
            #expect(try await answer(of: followed.plugin) == 2)
            try await releases.quarantine(version, because: "of a test")
            await followed.failure(2)
            #expect(try await answer(of: followed.plugin) == 1)
            try await releases.readmit(version)
            #expect(await followed.event { if case .reloaded = $0 { true } else { false } })
            #expect(try await answer(of: followed.plugin) == 2)
            #expect(followed.failures.map { ($0 as? PluginError)?.code } == [.quarantined, .quarantined])
            #expect(followed.server.count(of: "/cart.wasm") == 3)
        }
    }

    @Test func `a server that fails for a while ends nothing`() async throws {
        try await withFollowedPlugin(tag: nil) { followed in
            let busy = "HTTP/1.1 503 Busy\r\nRetry-After: 86400\r\nContent-Length: 0\r\n\r\n"
            followed.files.answer("/cart.wasm.sha256", busy)
            await followed.failure(2)
            let error = try #require(followed.failures.first as? RemoteModuleError)
            #expect(error.code == .status)
            #expect(error.status == 503)
            #expect(error.retryAfter == .seconds(86_400))
            #expect(
                await followed.event {
                    if case .sourceUnavailable(let event) = $0 { event.message == "\(error)" } else { false }
                })
            #expect(try await answer(of: followed.plugin) == 1)
            try followed.files.publish(try answering(2))
            followed.files.answer("/cart.wasm.sha256", nil)
            #expect(await followed.event { if case .reloaded = $0 { true } else { false } })
        }
    }

    @Test func `a digest that comes before its module is tried again`() async throws {
        try await withFollowedPlugin(tag: #""1""#) { followed in
            let next = try digest(try answering(2))
            followed.files.put("/cart.wasm.sha256", next.utf8, tag: #""2""#)
            await followed.failure(2)
            #expect(followed.failures.allSatisfy { ($0 as? RemoteModuleError)?.code == .digestMismatch })
            followed.files.put("/cart.wasm", try answering(2))
            #expect(await followed.event { if case .reloaded = $0 { true } else { false } })
            #expect(try await answer(of: followed.plugin) == 2)
        }
    }

    @Test func `cancelling ends it while the server is silent`() async throws {
        try await LoopbackServer.with(reply: { _, _ in }) { server in
            try await withHTTPEgressClient(resolver: fixed([:])) { client in
                try await withPluginHost { host in
                    let plugin = try await host.load(.bytes(try answering(1)))
                    let url = "http://127.0.0.1:\(server.port)/cart.wasm"
                    let remote = try RemoteModule(url, digest: .published, client: client)
                    let following = Task { try await remote.follow(plugin.releases, every: .seconds(3_600)) }
                    await server.arrivals(1)
                    following.cancel()
                    try await following.value
                    await server.closures(1)
                }
            }
        }
    }

    @Test func `cancelling ends it between two looks`() async throws {
        try await withModuleServer { files, server, url, client in
            try files.publish(try answering(1))
            let remote = try RemoteModule(url, digest: .published, client: client)
            try await withPluginHost { host in
                let plugin = try await host.load(try await remote.fetch())
                let following = Task { try await remote.follow(plugin.releases, every: .seconds(3_600)) }
                await server.arrivals(3)
                following.cancel()
                try await following.value
            }
        }
    }

    @Test func `it ends when the plugin is unloaded, and needs a time between two looks`() async throws {
        try await withModuleServer { files, _, url, client in
            try files.publish(try answering(1))
            let remote = try RemoteModule(url, digest: .published, client: client)
            try await withPluginHost { host in
                let plugin = try await host.load(try await remote.fetch())
                for interval in [Duration.zero, .seconds(-1), .seconds(86_401)] {
                    let error = await #expect(throws: RemoteModuleError.self) {
                        try await remote.follow(plugin.releases, every: interval)
                    }
                    #expect(error?.code == .configuration)
                }
                let following = Task { try await remote.follow(plugin.releases, every: Self.often) }
                await plugin.unload()
                try await following.value
            }
        }
    }

    // MARK: Support

    private struct Followed: Sendable {
        let files: ModuleFiles
        let server: LoopbackServer
        let plugin: Plugin
        let host: PluginHost
        let events: AsyncStream<PluginEvent>
        let reports: AsyncStream<Int>
        let log: FailureLog

        var failures: [any Error] { log.failures }

        /// Waits for an event.
        func event(_ matches: (PluginEvent.Kind) -> Bool) async -> Bool {
            for await event in events where matches(event.kind) { return true }
            return false
        }

        /// Waits until there were so many failures.
        func failure(_ count: Int) async {
            for await number in reports where number >= count { return }
        }
    }

    private final class FailureLog: Sendable {
        private let state = Mutex<[any Error]>([])
        var failures: [any Error] { state.withLock { $0 } }
        func add(_ error: any Error) -> Int {
            state.withLock { failures in
                failures.append(error)
                return failures.count
            }
        }
    }

    /// Runs `body` with a plugin that was fetched and is followed, in very short intervals, until `body` ends.
    private func withFollowedPlugin(
        tag: String?, policy: ReloadPolicy = ReloadPolicy(), _ body: (Followed) async throws -> Void
    ) async throws {
        try await withModuleServer { files, server, url, client in
            try files.publish(try answering(1), tag: tag)
            var configuration = RemoteModule.Configuration()
            configuration.longestWait = Self.often
            let remote = try RemoteModule(url, digest: .published, configuration: configuration, client: client)
            try await withPluginHost { host in
                let plugin = try await host.load(try await remote.fetch(), name: "cart", reload: policy)
                let (reports, report) = AsyncStream<Int>.makeStream()
                let log = FailureLog()
                let events = host.events()
                let following = Task {
                    try await remote.follow(plugin.releases, every: Self.often) { report.yield(log.add($0)) }
                }
                let followed = Followed(
                    files: files, server: server, plugin: plugin, host: host, events: events, reports: reports, log: log
                )
                let result: Result<Void, any Error>
                do { result = .success(try await body(followed)) } catch { result = .failure(error) }
                following.cancel()
                try await following.value
                try result.get()
            }
        }
    }
}
