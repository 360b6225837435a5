import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing

@Suite("A plugin from a folder of versions", .timeLimit(.minutes(2)))
struct VersionsSourceTests {
    @Test("The greatest version is loaded and reloaded")
    func reload() async throws {
        try await withTree { tree in
            try tree.put(1, at: "search/1.9/plugin.wasm")
            try await withPluginHost { host in
                let plugin = try await host.load(.versions(in: "\(tree.root)/search"))
                #expect(plugin.name == "search")
                #expect(try await plugin.answer() == 1)
                try tree.put(2, at: "search/1.10/plugin.wasm")
                try await plugin.reload()
                #expect(try await plugin.answer() == 2)
                let places = await plugin.releases.list().map(\.place)
                #expect(places == ["1.10", "1.9"].map { "\(tree.root)/search/\($0)/plugin.wasm" })
                let handed = PluginSource(
                    .bytes(try ModuleBytes(.file(places[1] ?? ""), most: .max).bytes), place: "a registry")
                #expect(try await plugin.releases.reload(from: handed).place == "a registry")
            }
        }
    }

    @Test("A watched one follows greater versions, and goes back to an older one where that is all there is")
    func watch() async throws {
        try await withTree { tree in
            try tree.put(1, at: "search/1/plugin.wasm")
            try await withPluginHost { host in
                let plugin = try await host.load(.versions(in: "\(tree.root)/search"))
                try await plugin.watch()
                var events = RecordedEvents(of: host)
                try tree.put(2, at: "search/2/plugin.wasm")
                await events.served("search")
                #expect(try await plugin.answer() == 2)
                #expect(plugin.currentVersion?.place == "\(tree.root)/search/2/plugin.wasm")
                try tree.remove("search/2")
                await events.served("search")
                #expect(try await plugin.answer() == 1)
                try tree.rename("search", to: "away")
                _ = await events.seen("search") { if case .folderUnreadable = $0 { true } else { false } }
                #expect(try await plugin.answer() == 1)
                try tree.put(3, at: "away/3/plugin.wasm")
                try tree.rename("away", to: "search")
                await events.served("search")
                #expect(try await plugin.answer() == 3)
            }
        }
    }

    @Test("Under a policy each version has the manifest in its folder")
    func policy() async throws {
        try await withTree { tree in
            let module = Data(try binary(PolicyLoadTests.module))
            for (version, bytes) in [(1, 2_000), (2, 1_000)] {
                try tree.write("search/\(version)/plugin.yaml", content: ManifestWatchTests.manifest(bytes))
            }
            try tree.put(module, at: "search/1/plugin.wasm")
            try await withPluginHost { host in
                let plugin = try await host.load(
                    .versions(in: "\(tree.root)/search"), under: ManifestWatchTests.policy)
                #expect(try await PolicyLoadTests.room(plugin) == 2_000)
                try tree.put(module, at: "search/2/plugin.wasm")
                try await plugin.reload()
                #expect(try await PolicyLoadTests.room(plugin) == 1_000)
                #expect(plugin.currentVersion?.place == "\(tree.root)/search/2/plugin.wasm")
            }
        }
    }

    @Test("A folder that is not there, or without a version, is refused by name")
    func refused() async throws {
        try await withTree { tree in
            try tree.write("search/notes.txt")
            try await withPluginHost { host in
                for (name, code) in [("search", PluginError.Code.invalidModule), ("gone", .configuration)] {
                    let error = await #expect(throws: PluginError.self) {
                        try await host.load(.versions(in: "\(tree.root)/\(name)"))
                    }
                    #expect(error?.code == code)
                    #expect(error?.message.contains("\(tree.root)/\(name)") == true)
                }
            }
        }
    }
}
