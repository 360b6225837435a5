import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Hummingbird
import Testing

@Suite(.timeLimit(.minutes(2))) struct `A filter from a URL` {
    private let folder: TemporaryFolder
    private let modules = ModulePublisher()

    init() throws { folder = try TemporaryFolder() }

    /// Runs a gateway with one filter.
    /// - Parameters:
    ///   - keys: of the filter, beside its name and the URL.
    ///   - query: of the URL.
    ///   - tls: whether it is `https`.
    private func with(
        _ keys: String, query: String = "", tls: Bool = false, _ body: @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await modules.serve(tls: tls) { url in
                let configuration = try GatewayConfiguration(
                    yaml: """
                        listen: 127.0.0.1:0
                        admin: 127.0.0.1:0
                        \(keys.contains("releaseStore") ? "releaseStore: releases" : "")
                        upstreams: { up: { url: "http://\(upstream)" } }
                        plugins: [{ name: filter, url: "\(url)\(query)", \(keys.replacing("releaseStore", with: "")) }]
                        routes: [{ match: { prefix: / }, filters: [filter], upstream: up }]
                        """,
                    file: "gateway.yaml", folder: folder.path)
                try await RunningGateway.with(configuration, body)
            }
        }
    }

    /// Why the gateway does not start.
    private func refusal(_ keys: String, query: String = "", tls: Bool = false) async throws -> String {
        let error = await #expect(throws: GatewayError.self) { try await with(keys, query: query, tls: tls) { _ in } }
        #expect(error?.reasons.count == 1)
        return error?.description ?? ""
    }

    private func build(_ gateway: RunningGateway) async throws -> String? {
        let answer = try await gateway.send("GET", "/")
        #expect(answer.status == 200)
        return answer.headers["x-airlock-build"]
    }

    private func versions(_ gateway: RunningGateway) async throws -> VersionsAnswer {
        try VersionsAnswer(try await gateway.sendToAdmin("/plugins/filter/versions").body)
    }

    private func reload(_ gateway: RunningGateway, _ body: String? = nil) async throws -> (status: Int, body: String) {
        let answer = try await gateway.sendToAdmin("/plugins/filter/reload", method: "POST", body: body)
        return (answer.status, answer.body)
    }

    // MARK: Following

    private static let often = "reload: { watch: true, every: 2ms }"

    @Test func `another published digest is a new version, and an unchanged one costs no body`() async throws {
        try await modules.publish("add-header")
        try await with(Self.often) { gateway in
            while modules.unchanged < 3 { #expect(try await build(gateway) == "1") }
            #expect(modules.fetches == 1)
            try await modules.publish("add-header-v2")
            while try await build(gateway) != "2" {}
            let versions = try await versions(gateway)
            #expect(versions.states == ["2 serving", "1 kept"])
            #expect(versions.versions.allSatisfy { $0.place?.hasSuffix("/filter.wasm") == true })
            #expect(modules.fetches == 2)
        }
    }

    @Test func `new versions come into service as reload says`() async throws {
        try await modules.publish("add-header")
        try await with("reload: { watch: true, every: 2ms, strategy: manual }") { gateway in
            try await modules.publish("add-header-v2")
            while try await versions(gateway).states != ["2 staged", "1 serving"] {}
            #expect(try await build(gateway) == "1")
        }
    }

    @Test(arguments: [HTTPResponse.Status.notFound, .serviceUnavailable])
    func `a server that has nothing any more is an event, and the running version goes on until it is back`(
        status: HTTPResponse.Status
    ) async throws {
        try await modules.publish("add-header")
        try await with(Self.often) { gateway in
            try await RawConnection.with(try #require(gateway.admin)) { events in
                try await events.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try await events.text(upTo: ": events from now on\n\n")
                modules.fail(with: status)
                _ = try await events.text(upTo: "event: sourceUnavailable\n")
                let event = try await events.text(upTo: "\n\n")
                #expect(event.contains(#""plugin":"filter""#))
                #expect(event.contains("filter.wasm.sha256' answered with the status \(status.code), expected 200"))
                #expect(try await build(gateway) == "1")
                modules.fail(with: nil)
                try await modules.publish("add-header-v2")
                while try await build(gateway) != "2" {}
            }
        }
    }

    @Test func `what is no filter, and what has not its digest, leaves the running version in place`() async throws {
        try await modules.publish("add-header")
        try await with(Self.often) { gateway in
            let text = Data("not WebAssembly".utf8)
            try modules.publish(text)
            while modules.fetches < 2 { #expect(try await build(gateway) == "1") }
            let refused = modules.asked.count
            while modules.asked.count < refused + 5 { #expect(try await build(gateway) == "1") }
            // The digest first, which the module has not yet.
            let next = try await ModulePublisher.module("add-header-v2")
            modules.put(Data(ModulePublisher.digest(next).utf8), as: "/filter.wasm.sha256")
            let fetches = modules.fetches
            while modules.fetches < fetches + 2 { #expect(try await build(gateway) == "1") }
            #expect(try await versions(gateway).states == ["1 serving"])
            modules.put(next, as: "/filter.wasm")
            while try await build(gateway) != "2" {}
        }
    }

    @Test func `a gateway ends while the server that it follows is silent`() async throws {
        try await modules.publish("add-header")
        let (silence, sound) = AsyncStream<Never>.makeStream()
        let (looks, look) = AsyncStream<Void>.makeStream()
        let digest = ModulePublisher.digest(try await ModulePublisher.module("add-header"))
        let module = try await ModulePublisher.module("add-header")
        let asked = ModulePublisher()
        asked.put(Data(digest.utf8), as: "/filter.wasm.sha256")
        asked.put(module, as: "/filter.wasm")
        try await TestUpstream.with { request in
            if asked.asked.count >= 2 {
                look.yield()
                for await _ in silence {}
            }
            return asked.answer(request)
        } _: { server in
            let filter = FilterConfiguration(name: "filter", source: .bytes([]))
            let remote = RemoteSource(url: "http://\(server)/filter.wasm", interval: .milliseconds(2))
            let configuration = try GatewayConfiguration.forwarding(
                to: server, plugins: [PluginConfiguration(filter: filter, remote: remote)])
            try await RunningGateway.with(configuration) { _ in
                for await _ in looks { break }
            }
            sound.finish()
        }
    }

    // MARK: Fetching

    @Test func `a pinned module is fetched once, and its digest not asked for`() async throws {
        let module = try await ModulePublisher.module("add-header")
        modules.put(module, as: "/filter.wasm")
        try await with("sha256: \(ModulePublisher.digest(module))") { gateway in
            let build = try await build(gateway)
            #expect(build == "1")
            #expect(modules.asked == ["/filter.wasm"])
        }
    }

    @Test func `without watching, an operator fetches what there is, and a failure changes nothing`() async throws {
        try await modules.publish("add-header")
        try await with("reload: off") { gateway in
            try await modules.publish("add-header-v2")
            #expect(try await reload(gateway, #"{"strategy": "manual"}"#).status == 200)
            #expect(try await versions(gateway).states == ["2 staged", "1 serving"])
            #expect(try await reload(gateway).status == 200)
            #expect(try await build(gateway) == "2")
            modules.fail(with: .internalServerError)
            let failed = try await reload(gateway)
            #expect(failed.status == 502)
            #expect(try ErrorAnswer(failed.body).error.code == "status")
            #expect(try ErrorAnswer(failed.body).error.message.contains("answered with the status 500, expected 200"))
            modules.fail(with: nil)
            try modules.publish(Data("not WebAssembly".utf8))
            #expect(try await reload(gateway).status == 422)
            #expect(try await build(gateway) == "2")
        }
    }

    @Test func `a module that its keys signed is accepted with the signature beside it`() async throws {
        let key = ModuleSigningKey()
        try folder.write(Data(key.verificationKey.serialized), to: "release.pub")
        let module = try await ModulePublisher.module("add-header")
        try modules.publish(module)
        let keys = "signedBy: [{ file: release.pub }]"
        #expect(try await refusal(keys).contains("signatureRefused"))
        modules.put(Data(try key.detachedSignature(of: Array(module))), as: "/filter.wasm.sig")
        try await with(keys) { gateway in
            #expect(try await build(gateway) == "1")
            let other = try await ModulePublisher.module("add-header-v2")
            try modules.publish(other)
            let refused = try await reload(gateway)
            #expect(try ErrorAnswer(refused.body).error.code == "signatureRefused")
            #expect(try await build(gateway) == "1")
        }
    }

    @Test func `a policy's keys are asked for as well`() async throws {
        let key = ModuleSigningKey()
        try folder.write(Data(key.verificationKey.serialized), to: "release.pub")
        try folder.write(
            "manifest: optional\nabis: [proxy-wasm]\nsignedBy: [{ file: release.pub }]\n"
                + "capabilities: [{ id: proxy-wasm, with: { functions: [log, changeHeaders] } }]",
            to: "policy.yaml")
        let module = try await ModulePublisher.module("add-header")
        try modules.publish(module)
        modules.put(Data(try key.detachedSignature(of: Array(module))), as: "/filter.wasm.sig")
        try await with("policy: policy.yaml") { gateway in
            let build = try await build(gateway)
            #expect(build == "1")
        }
    }

    @Test func `the server's certificate is one that the file of authorities, or else the system, trusts`() async throws
    {
        try folder.write(LocalCertificate.certificate, to: "ca.pem")
        try await modules.publish("add-header")
        #expect(try await refusal("", tls: true).contains("the TLS handshake failed"))
        try await with("fetch: { caFile: ca.pem }", tls: true) { gateway in
            let build = try await build(gateway)
            #expect(build == "1")
        }
    }

    // MARK: Starting

    @Test func `a server that has no module keeps the gateway from starting, and the query is told to nobody`()
        async throws
    {
        let reason = try await refusal("reload: watch", query: "?token=secret")
        #expect(reason.contains(#"plugin "filter": status: 'http://127.0.0.1:"#))
        #expect(reason.contains("/filter.wasm.sha256' answered with the status 404, expected 200"))
        #expect(!reason.contains("secret"))
        #expect(modules.asked == ["/filter.wasm.sha256?token=secret"])
    }

    @Test func `other bytes than the pinned or published ones keep it from starting`() async throws {
        let module = try await ModulePublisher.module("add-header")
        modules.put(module, as: "/filter.wasm")
        let other = String(repeating: "0a", count: 32)
        #expect(try await refusal("sha256: \(other)").contains("digestMismatch"))
        modules.put(Data(other.utf8), as: "/filter.wasm.sha256")
        #expect(try await refusal("").contains("has the SHA-256 \(ModulePublisher.digest(module))"))
        modules.put(Data(repeating: 0x61, count: 2_000), as: "/filter.wasm.sha256")
        #expect(try await refusal("").contains("tooLarge"))
    }

    @Test func `what was promoted last serves where the server has nothing at the start, and is followed`()
        async throws
    {
        try await modules.publish("add-header")
        let keys = "releaseStore \(Self.often)"
        try await with(keys) { gateway in
            try await modules.publish("add-header-v2")
            while try await build(gateway) != "2" {}
        }
        modules.fail(with: .serviceUnavailable)
        try await with(keys) { gateway in
            #expect(try await build(gateway) == "2")
            modules.fail(with: nil)
            try await modules.publish("add-header")
            while try await build(gateway) != "1" {}
        }
        // Another one than is kept is pinned.
        modules.fail(with: .serviceUnavailable)
        let pinned = String(repeating: "0a", count: 32)
        #expect(try await refusal("releaseStore sha256: \(pinned)").contains("the status 503"))
    }
}
