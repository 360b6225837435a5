import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

@Suite(.timeLimit(.minutes(2))) struct `A folder of filters` {
    /// What `/plugins` says of a filter.
    private struct Status: Decodable, Equatable {
        let name: String
        let version: Int
        let status: String
        let refusal: String?
    }

    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func put(_ sample: String, as path: String) async throws {
        try folder.write(try await ModulePublisher.module(sample), to: "filters/\(path)")
    }

    private func remove(_ path: String) throws {
        try FileManager.default.removeItem(atPath: "\(folder.path)/filters/\(path)")
    }

    /// Runs a gateway with the folder.
    /// - Parameters:
    ///   - keys: of the folder, beside its path.
    ///   - top: more of the configuration.
    ///   - routes: the filters of the routes for `/0`, `/1` and so on.
    private func with(
        _ keys: String = "", top: String = "", routes: [String] = ["one"],
        _ body: @Sendable (RunningGateway) async throws -> Void
    ) async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            let routes = routes.enumerated().map { number, filter in
                "  - { match: { prefix: /\(number) }, filters: [\(filter)], upstream: up }"
            }
            let configuration = try GatewayConfiguration(
                yaml: """
                    listen: 127.0.0.1:0
                    admin: 127.0.0.1:0
                    upstreams: { up: { url: "http://\(upstream)" } }
                    pluginFolder: { path: filters, \(keys) }
                    \(top)
                    routes:
                    \(routes.joined(separator: "\n"))
                    """,
                file: "gateway.yaml", folder: folder.path)
            try await RunningGateway.with(configuration, body)
        }
    }

    private func build(_ gateway: RunningGateway, _ route: Int = 0) async throws -> String? {
        let answer = try await gateway.send("GET", "/\(route)")
        #expect(answer.status == 200)
        return answer.headers["x-airlock-build"]
    }

    private func statuses(_ gateway: RunningGateway) async throws -> [String: Status] {
        let answer = try await gateway.sendToAdmin("/plugins").body
        let statuses = try JSONDecoder().decode([Status].self, from: Data(answer.utf8))
        return Dictionary(statuses.map { ($0.name, $0) }) { first, _ in first }
    }

    private func versions(_ gateway: RunningGateway, of name: String) async throws -> VersionsAnswer {
        try VersionsAnswer(try await gateway.sendToAdmin("/plugins/\(name)/versions").body)
    }

    // MARK: What is in it

    @Test func `files and folders of versions are filters by their names, and follow what becomes of them`()
        async throws
    {
        try await put("add-header", as: "one.wasm")
        try await put("add-header", as: "two/1.9/plugin.wasm")
        try await with(routes: ["one", "two", "one, two"]) { gateway in
            #expect(try await build(gateway, 0) == "1")
            #expect(try await build(gateway, 1) == "1")
            #expect(try await build(gateway, 2) == "1, 1")
            try await put("add-header-v2", as: "one.wasm")
            while try await build(gateway, 0) != "2" {}
            try await put("add-header-v2", as: "two/1.10/plugin.wasm")
            while try await build(gateway, 1) != "2" {}
            try remove("two/1.10")
            while try await build(gateway, 1) != "1" {}
            #expect(try await versions(gateway, of: "one").states == ["2 serving", "1 kept"])
            let back = try await gateway.sendToAdmin("/plugins/one/rollback", method: "POST")
            #expect(try VersionsAnswer(back.body).serving == 1)
            #expect(try await build(gateway, 0) == "1")
        }
    }

    @Test func `one that comes later is loaded`() async throws {
        try await put("add-header", as: "one.wasm")
        try await with { gateway in
            #expect(try await statuses(gateway).keys.sorted() == ["one"])
            try await put("add-header", as: "two.wasm")
            while try await statuses(gateway)["two"]?.status != "ready" {}
            #expect(try await versions(gateway, of: "two").states == ["1 serving"])
        }
    }

    @Test func `new versions come into service as reload says`() async throws {
        try await put("add-header", as: "one.wasm")
        try await with("reload: { strategy: manual }") { gateway in
            try await put("add-header-v2", as: "one.wasm")
            while try await versions(gateway, of: "one").states != ["2 staged", "1 serving"] {}
            #expect(try await build(gateway) == "1")
        }
    }

    @Test func `a filter has what is said of it alone, and else what is said of all`() async throws {
        try await put("add-header", as: "one.wasm")
        try await put("add-header", as: "two.wasm")
        let configuration = #"configuration: '{"response": {"x-by": "NAME"}}'"#
        try await with(
            configuration.replacing("NAME", with: "all")
                + ", filters: { two: { \(configuration.replacing("NAME", with: "two")) } }",
            routes: ["one", "two"]
        ) { gateway in
            let (one, two) = (try await gateway.send("GET", "/0"), try await gateway.send("GET", "/1"))
            #expect(one.headers["x-by"] == "all")
            #expect(two.headers["x-by"] == "two")
        }
    }

    @Test func `after a restart what was promoted last serves`() async throws {
        try await put("add-header", as: "one.wasm")
        try await with(top: "releaseStore: releases") { gateway in
            try await put("add-header-v2", as: "one.wasm")
            while try await build(gateway) != "2" {}
        }
        try folder.write("not WebAssembly", to: "filters/one.wasm")
        try await with(top: "releaseStore: releases") { gateway in
            let build = try await build(gateway)
            #expect(build == "2")
        }
    }

    // MARK: What is refused

    @Test func `what cannot be loaded keeps no other from it, and is shown until it is mended`() async throws {
        try await put("add-header", as: "one.wasm")
        try folder.write("not WebAssembly", to: "filters/broken.wasm")
        try folder.write("", to: "filters/large.wasm")
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder.path)/filters/large.wasm"))
        try file.truncate(atOffset: 40 << 20)
        try file.close()
        try await with { gateway in
            #expect(try await build(gateway) == "1")
            let refused = try await statuses(gateway)
            #expect(refused["one"]?.status == "ready")
            #expect(refused["broken"]?.status == "refused")
            #expect(refused["broken"]?.version == 0)
            #expect(refused["broken"]?.refusal?.contains("invalidModule") == true)
            #expect(refused["large"]?.refusal?.contains("moduleBounds") == true)
            let missing = try await gateway.sendToAdmin("/plugins/broken/versions")
            #expect(missing.status == 404)
            #expect(try ErrorAnswer(missing.body).error.message.hasPrefix(#"no plugin "broken": "#))
            try await put("add-header", as: "broken.wasm")
            while try await statuses(gateway)["broken"]
                != Status(name: "broken", version: 1, status: "ready", refusal: nil)
            {}
            // A change that is refused leaves the running version in place.
            try folder.write("not WebAssembly", to: "filters/one.wasm")
            while try await statuses(gateway)["one"]?.refusal == nil {}
            #expect(try await statuses(gateway)["one"]?.status == "ready")
            #expect(try await build(gateway) == "1")
        }
    }

    @Test func `a route through one that cannot be loaded keeps the gateway from starting, with the reason`()
        async throws
    {
        try folder.write("not WebAssembly", to: "filters/one.wasm")
        let error = await #expect(throws: GatewayError.self) { try await with { _ in } }
        #expect(error?.reasons.count == 1)
        #expect(error?.reasons.first?.hasPrefix(#"route /0: no plugin "one": "#) == true)
        #expect(error?.reasons.first?.contains("invalidModule") == true)
    }

    @Test func `a name that an entry of plugins has is refused when it comes`() async throws {
        try await put("add-header", as: "one.wasm")
        try folder.write(try await ModulePublisher.module("add-header"), to: "own.wasm")
        try await with(top: "plugins: [{ name: two, path: own.wasm }]", routes: ["two"]) { gateway in
            try await put("add-header-v2", as: "two.wasm")
            while try await statuses(gateway)["two"]?.refusal == nil {}
            #expect(
                try await statuses(gateway)["two"]?.refusal?.contains("has the name of an entry of plugins") == true)
            #expect(try await build(gateway) == "1")
        }
    }

    // MARK: What goes

    @Test func `one that is removed goes on unless it is to be unloaded`() async throws {
        try await put("add-header", as: "one.wasm")
        try await put("add-header", as: "two.wasm")
        try await with { gateway in
            try await RawConnection.with(try #require(gateway.admin)) { events in
                try await events.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
                _ = try await events.text(upTo: ": events from now on\n\n")
                try remove("one.wasm")
                _ = try await events.text(upTo: "event: removalSeen\n")
            }
            #expect(try await build(gateway) == "1")
            // The folder vanishes.
            try FileManager.default.moveItem(atPath: "\(folder.path)/filters", toPath: "\(folder.path)/away")
            #expect(try await build(gateway) == "1")
        }
    }

    @Test func `requests follow the policy of one that was unloaded, until it is loaded again`() async throws {
        try await put("add-header", as: "one.wasm")
        try await put("add-header", as: "two.wasm")
        try await with("removed: unload, filters: { two: { onFailure: open } }", routes: ["one", "two"]) { gateway in
            #expect(try await build(gateway, 1) == "1")
            try remove("one.wasm")
            while try await gateway.send("GET", "/0").status != 503 {}
            try remove("two.wasm")
            while try await build(gateway, 1) != nil {}
            #expect(try await statuses(gateway).isEmpty)
            #expect(try await gateway.sendToAdmin("/plugins/one/versions").status == 404)
            try await put("add-header-v2", as: "one.wasm")
            while try await gateway.send("GET", "/0").headers["x-airlock-build"] != "2" {}
            try await put("add-header-v2", as: "two.wasm")
            while try await build(gateway, 1) != "2" {}
            #expect(try await versions(gateway, of: "one").states == ["1 serving"])
        }
    }
}
