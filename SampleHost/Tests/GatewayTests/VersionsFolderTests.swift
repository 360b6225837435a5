import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Testing

@Suite(.timeLimit(.minutes(2))) struct `A filter from a folder of versions` {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func put(_ module: String, as version: String) async throws {
        let file = try await SampleGuests.folder().appendingPathComponent("\(module).wasm")
        try folder.write(try Data(contentsOf: file), to: "filter/\(version)/plugin.wasm")
    }

    private func with(_ reload: String, _ body: @Sendable (RunningGateway) async throws -> Void) async throws {
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            let configuration = try GatewayConfiguration(
                yaml: """
                    listen: 127.0.0.1:0
                    admin: 127.0.0.1:0
                    upstreams: { up: { url: "http://\(upstream)" } }
                    plugins: [{ name: filter, path: filter, reload: \(reload) }]
                    routes: [{ match: { prefix: / }, filters: [filter], upstream: up }]
                    """,
                file: "gateway.yaml", folder: folder.path)
            try await RunningGateway.with(configuration, body)
        }
    }

    private func build(_ gateway: RunningGateway) async throws -> String? {
        try await gateway.send("GET", "/").headers["x-airlock-build"]
    }

    @Test func `the greatest version serves, a greater one takes over, and without it the one before does`()
        async throws
    {
        try await put("add-header", as: "1.9")
        try await put("unruly", as: "1.8")
        try await with("watch") { gateway in
            #expect(try await build(gateway) == "1")
            try await put("add-header-v2", as: "1.10")
            while try await build(gateway) != "2" {}
            try FileManager.default.removeItem(atPath: "\(folder.path)/filter/1.10")
            while try await build(gateway) != "1" {}
            // The folder vanishes.
            try FileManager.default.moveItem(atPath: "\(folder.path)/filter", toPath: "\(folder.path)/away")
            #expect(try await build(gateway) == "1")
        }
    }

    @Test func `without watching, an operator reloads the greatest version`() async throws {
        try await put("add-header", as: "v1")
        try await with("off") { gateway in
            try await put("add-header-v2", as: "v2")
            #expect(try await build(gateway) == "1")
            #expect(try await gateway.sendToAdmin("/plugins/filter/reload", method: "POST").status == 200)
            #expect(try await build(gateway) == "2")
            let versions = try VersionsAnswer(try await gateway.sendToAdmin("/plugins/filter/versions").body).versions
            #expect(versions.map(\.place) == ["v2", "v1"].map { "\(folder.path)/filter/\($0)/plugin.wasm" })
        }
    }

    @Test func `a folder without a version keeps the gateway from starting`() async throws {
        try folder.write("", to: "filter/notes.txt")
        let error = await #expect(throws: GatewayError.self) { try await with("watch") { _ in } }
        #expect(error?.reasons.first?.contains("has no version: expected 'VERSION/plugin.wasm' in it") == true)
    }
}
