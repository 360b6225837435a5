import Airlock
import AirlockProxyWasm
import Foundation
import Gateway
import Synchronization
import Testing

@Suite struct Reload {
    /// Runs a gateway whose add-header is a watched file of its own.
    private func withWatchedFilter(_ body: @Sendable (RunningGateway, TemporaryFolder) async throws -> Void)
        async throws
    {
        let folder = try TemporaryFolder()
        try folder.write(try await module("add-header"), to: "filter.wasm")
        let plugin = PluginConfiguration(
            filter: FilterConfiguration(name: "add-header", source: .file("\(folder.path)/filter.wasm")),
            watchesFile: true
        )
        try await TestUpstream.with(TestUpstream.echo) { upstream in
            try await RunningGateway.with(try .forwarding(to: upstream, plugins: [plugin])) { gateway in
                try await body(gateway, folder)
            }
        }
    }

    /// Whether the new build has answered on any connection.
    private final class Replacement: Sendable {
        let wasSeen = Atomic(false)
    }

    private func module(_ name: String) async throws -> Data {
        try Data(contentsOf: try await SampleGuests.folder().appendingPathComponent("\(name).wasm"))
    }

    @Test func `a new build takes over while requests come, and none fails`() async throws {
        let second = try await module("add-header-v2")
        try await withWatchedFilter { gateway, folder in
            let replacement = Replacement()
            let builds = try await withThrowingTaskGroup(of: [String].self) { group in
                for connection in 0..<4 {
                    group.addTask {
                        var builds: [String] = []
                        while !replacement.wasSeen.load(ordering: .relaxed) || builds.count < 100 {
                            if connection == 0, builds.count == 50 { try folder.write(second, to: "filter.wasm") }
                            let response = try await gateway.send("GET", "/")
                            let build = response.status == 200 ? response.headers["x-airlock-build"] : nil
                            builds.append(build ?? "failed: \(response.status)")
                            if build == "2" { replacement.wasSeen.store(true, ordering: .relaxed) }
                        }
                        return builds
                    }
                }
                return try await group.reduce(into: Set()) { $0.formUnion($1) }
            }
            #expect(builds == ["1", "2"])
            #expect(try await gateway.send("GET", "/").headers["x-airlock-build"] == "2")
        }
    }

    @Test func `a file that is no filter changes nothing`() async throws {
        let second = try await module("add-header-v2")
        try await withWatchedFilter { gateway, folder in
            try folder.write("not WebAssembly", to: "filter.wasm")
            for _ in 1...20 { #expect(try await gateway.send("GET", "/").headers["x-airlock-build"] == "1") }
            try folder.write(second, to: "filter.wasm")
            while try await gateway.send("GET", "/").headers["x-airlock-build"] != "2" {}
        }
    }
}
