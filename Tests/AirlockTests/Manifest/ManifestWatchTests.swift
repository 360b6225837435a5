import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing
import Wasmtime

@Suite("Watching a plugin under a policy")
struct ManifestWatchTests {
    static let policy = PluginPolicy(grants: [Shelf(names: ["notes"], bytes: 4_096), Bell()], demandsManifest: true)

    /// A plugin in a folder, watched, with what happens to it.
    struct Watched: ~Copyable {
        let host: PluginHost
        let plugin: Plugin
        let folder: String
        var events: RecordedEvents

        func room() async throws -> Int64 { try await PolicyLoadTests.room(plugin) }

        func write(_ text: String, to name: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"), options: .atomic)
        }

        mutating func reloaded() async {
            _ = await events.first { if case .reloaded = $0.kind { true } else { false } }
        }

        /// The next refusal that says this. One change may be refused twice, where the system told of it in two parts.
        mutating func refusal(saying message: String) async -> PluginError? {
            let event = await events.first {
                if case .reloadFailed(let error) = $0.kind { error.message.contains(message) } else { false }
            }
            if case .reloadFailed(let error)? = event?.kind { return error }
            return nil
        }

        mutating func changeSeen(_ name: String) async {
            let path = "\(folder)/\(name)"
            _ = await events.first { if case .changeSeen(path) = $0.kind { true } else { false } }
        }
    }

    static func manifest(_ bytes: Int, more: String = "") -> String {
        "name: cart\ncapabilities: [{id: test:shelf, with: {bytes: \(bytes)}}\(more)]"
    }

    static func withWatched(
        _ name: String,
        manifest source: ((String) -> ManifestSource)? = nil,
        _ body: (inout Watched) async throws -> Void
    ) async throws {
        try await withTemporaryFolder { folder in
            try Data(try Module.binary(ofWAT: PolicyLoadTests.module)).write(to: URL(filePath: "\(folder)/cart.wasm"))
            try Data(manifest(2_000).utf8).write(to: URL(filePath: "\(folder)/\(name)"))
            try await withPluginHost { host in
                let plugin = try await host.load(
                    .file("\(folder)/cart.wasm"), under: policy, manifest: source?(folder) ?? .beside)
                var watched = Watched(
                    host: host, plugin: plugin, folder: folder, events: RecordedEvents(of: host))
                try await plugin.watch()
                try await body(&watched)
            }
        }
    }

    @Test(
        "A changed manifest is a changed plugin, wherever it is",
        arguments: ["cart.plugin.yaml", "plugin.yaml", "else.yaml"])
    func changed(name: String) async throws {
        try await Self.withWatched(
            name, manifest: name == "else.yaml" ? { .file("\($0)/else.yaml") } : nil
        ) { watched in
            #expect(try await watched.room() == 2_000)
            try watched.write(Self.manifest(1_000), to: name)
            await watched.reloaded()
            #expect(try await watched.room() == 1_000)
            #expect(watched.plugin.currentVersion?.number == 2)
            #expect(watched.plugin.currentVersion?.manifest?.name == "cart")
        }
    }

    @Test("A manifest that is put where none was before counts, and one that is removed leaves the next one")
    func appeared() async throws {
        try await Self.withWatched("plugin.yaml") { watched in
            try watched.write(Self.manifest(1_500), to: "cart.plugin.yaml")
            await watched.reloaded()
            #expect(try await watched.room() == 1_500)
            try FileManager.default.removeItem(atPath: "\(watched.folder)/cart.plugin.yaml")
            await watched.reloaded()
            #expect(try await watched.room() == 2_000)
        }
    }

    @Test("A manifest that is refused leaves the running version in place, and is reported as a bad module is")
    func refused() async throws {
        try await Self.withWatched("plugin.yaml") { watched in
            for (manifest, message) in [
                ("name: &a cart", "plugin.yaml:1:"),
                (Self.manifest(3_000), "asks for more of the capability 'test:shelf' than was granted"),
                (
                    Self.manifest(1_000, more: ", {id: test:safe}"),
                    "the policy does not give the capability 'test:safe'"
                ),
                ("name: cart", "its manifest does not ask for it"),
            ] {
                try watched.write(manifest, to: "plugin.yaml")
                let error = await watched.refusal(saying: message)
                #expect(error?.plugin == "cart")
                #expect(try await watched.room() == 2_000)
                #expect(watched.plugin.currentVersion?.number == 1)
            }
            try FileManager.default.removeItem(atPath: "\(watched.folder)/plugin.yaml")
            let none = "the policy expects a manifest, and the plugin has none"
            #expect(await watched.refusal(saying: none)?.message == none)
            try watched.write(Self.manifest(1_000), to: "plugin.yaml")
            await watched.reloaded()
            #expect(try await watched.room() == 1_000)
        }
    }

    @Test("A manifest that says the same, or is another plugin's, changes nothing")
    func same() async throws {
        try await Self.withWatched("cart.plugin.yaml") { watched in
            try watched.write("# the same\n" + Self.manifest(2_000), to: "cart.plugin.yaml")
            await watched.changeSeen("cart.plugin.yaml")
            try watched.write("name: [", to: "plugin.yaml")
            await watched.changeSeen("plugin.yaml")
            // Reloads come one after another, so that this one is the first after both.
            try watched.write(Self.manifest(1_000), to: "cart.plugin.yaml")
            let next = await watched.events.first { event in
                switch event.kind {
                case .reloaded, .reloadFailed, .decided: true
                default: false
                }
            }
            guard case .decided? = next?.kind else {
                Issue.record("\(String(describing: next))")
                return
            }
            await watched.reloaded()
            #expect(watched.plugin.currentVersion?.number == 2)
        }
    }

    @Test("A module that is replaced is decided anew with the manifest beside it")
    func module() async throws {
        try await Self.withWatched("plugin.yaml") { watched in
            let module = PolicyLoadTests.module.replacing("(call $room)", with: "(i64.add (call $room) (i64.const 1))")
            let bytes = try Module.binary(ofWAT: module)
            try Data(bytes).write(to: URL(filePath: "\(watched.folder)/cart.wasm"), options: .atomic)
            await watched.reloaded()
            #expect(try await watched.room() == 2_001)
        }
    }
}
