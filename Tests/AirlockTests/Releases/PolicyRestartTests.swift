import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing

@Suite("What a host serves after a restart under a policy", .timeLimit(.minutes(1)))
struct PolicyRestartTests {
    private static let wide = PluginPolicy(grants: [Shelf(names: ["notes"], bytes: 4_096), Bell()])
    private static let narrow = PluginPolicy(grants: [Shelf(names: ["notes"], bytes: 300), Bell()])
    private static let none = PluginPolicy(grants: [Bell()])

    @Test("The promoted module serves with the manifest that it had, though both are others in the source by then")
    func promoted() async throws {
        try await withStored { stored in
            try stored.put(2_000)
            try await stored.host(Self.wide) { plugin, _ in
                try await expectRoom(2_000, of: plugin)
                try stored.put(1_000)
                try await plugin.reload()
                try await expectRoom(1_000, of: plugin)
            }
            // A source that is no plugin any more.
            try stored.write("name: [", to: "cart.plugin.yaml")
            try stored.write("no module", to: "cart.wasm")
            try await stored.host(Self.wide) { plugin, _ in
                try await expectRoom(1_000, of: plugin)
                #expect(plugin.currentVersion?.manifest?.name == "cart")
            }
            // A new version.
            try await expectNewVersion(500, after: 1_000, of: stored)
        }
    }

    @Test("What served before can be gone back to after a restart, with the manifest that it had")
    func earlier() async throws {
        try await withStored { stored in
            try stored.put(1_000)
            try await stored.host(Self.wide) { plugin, _ in
                for bytes in [700, 900] {
                    try stored.put(bytes)
                    try await plugin.reload()
                }
                // It never serves, so that it is not what one goes back to.
                try stored.put(100)
                try await plugin.releases.reload(strategy: .manual)
            }
            try stored.put(900)
            try await stored.host(Self.wide) { plugin, _ in
                while await plugin.releases.list().count < 3 { await Task.yield() }
                try await expectRoom(900, of: plugin)
                try await plugin.releases.rollBack()
                try await expectRoom(700, of: plugin)
            }
        }
    }

    @Test("What was promoted gets what the policy of now gives it")
    func narrower() async throws {
        try await withStored { stored in
            try stored.put(2_000)
            try await stored.host(Self.wide) { _, _ in }
            try await stored.host(Self.narrow) { plugin, _ in
                try await expectRoom(300, of: plugin)
            }
        }
    }

    @Test("What the policy of now refuses is reported, and what the source holds is loaded")
    func refused() async throws {
        try await withStored { stored in
            try stored.put(2_000)
            try await stored.host(Self.wide) { _, _ in }
            try stored.write("name: cart\ncapabilities: [{id: test:bell}]", to: "cart.plugin.yaml")
            try stored.write(
                Data(try binary("(module (import \"bell\" \"ring\" (func)) (func (export \"one\")))")), to: "cart.wasm")
            try await stored.host(Self.none) { plugin, events in
                #expect(plugin.currentVersion?.functionType(of: "one") != nil)
                let event = await events.seen("cart") { if case .recallFailed = $0 { true } else { false } }
                guard case .recallFailed(let error)? = event?.kind else {
                    Issue.record("no event")
                    return
                }
                #expect(error.message.contains("the policy does not give the capability 'test:shelf'"))
            }
        }
    }

    @Test(
        "Where the source asks for more than the promoted one, or for less, the promoted one serves and the source is a new version"
    )
    func otherWishes() async throws {
        for (before, after) in [(2_000, 1_000), (1_000, 2_000)] {
            try await withStored { stored in
                try stored.put(before)
                try await stored.host(Self.wide) { _, _ in }
                try await expectNewVersion(after, after: before, of: stored)
            }
        }
    }

    @Test("A manifest in the module, one that the service gives, and none are found again")
    func otherPlaces() async throws {
        let module = PolicyLoadTests.module
        let manifest = try PluginManifest(yaml: Array(ManifestWatchTests.manifest(700).utf8))
        var lenient = Self.wide
        lenient.demandsManifest = false
        try await withStored { stored in
            try stored.write(Data(try binary(module)), to: "cart.wasm")
            try await stored.host(lenient) { plugin, _ in
                try await expectRoom(4_096, of: plugin)
            }
            // It had none, and a file that comes later is the source's.
            try stored.put(500)
            try await stored.host(lenient, strategy: .manual) { plugin, _ in
                try await expectRoom(4_096, of: plugin)
            }
        }
        try await withStored { stored in
            try stored.write(Data(try binary(module)), to: "cart.wasm")
            try await stored.host(Self.wide, manifest: .manifest(manifest)) { plugin, _ in
                try await expectRoom(700, of: plugin)
            }
            try await stored.host(Self.narrow, manifest: .manifest(manifest)) { plugin, _ in
                try await expectRoom(300, of: plugin)
            }
            // Nobody gives it any more.
            try stored.put(200)
            try await stored.host(Self.wide) { plugin, events in
                try await expectRoom(200, of: plugin)
                _ = await events.seen("cart") { if case .recallFailed = $0 { true } else { false } }
            }
        }
        try await withStored { stored in
            let section = Array(ManifestWatchTests.manifest(900).utf8)
            let name = Array(PluginManifest.sectionName.utf8)
            let content = WasmBytes.unsigned(name.count) + name + section
            try stored.write(Data(try binary(module) + WasmBytes.section(0, content)), to: "cart.wasm")
            for _ in 1...2 {
                try await stored.host(Self.wide) { plugin, _ in
                    try await expectRoom(900, of: plugin)
                }
            }
        }
    }

    @Test("What was promoted without a policy is not run under one without its manifest")
    func withoutPolicy() async throws {
        try await withStored { stored in
            try stored.put(600)
            try await withPluginHost { host in
                let store = try ReleaseStore(folder: stored.releases)
                _ = try await host.load(
                    .file(stored.file), granting: [Shelf(names: [], bytes: 5_000)], reload: ReloadPolicy(store: store))
            }
            var lenient = Self.wide
            lenient.demandsManifest = false
            try await stored.host(lenient) { plugin, events in
                try await expectRoom(600, of: plugin)
                _ = await events.seen("cart") { if case .recallFailed = $0 { true } else { false } }
            }
        }
    }

    /// A plugin with a manifest beside it, and a folder of releases.
    private struct Stored {
        let folder: TemporaryFolder
        var file: String { folder.at("cart.wasm") }
        var releases: String { folder.at("releases") }

        func write(_ text: String, to name: String) throws { try folder.write(text, to: name) }
        func write(_ bytes: Data, to name: String) throws { try bytes.write(to: URL(filePath: folder.at(name))) }

        /// A version that asks for so much room, and whose module is another one for each.
        func put(_ bytes: Int) throws {
            let module = PolicyLoadTests.module.replacing(
                "(call $room)", with: "(i64.or (call $room) (i64.const 0)) (drop (i32.const \(bytes)))")
            try write(Data(try binary(module)), to: "cart.wasm")
            try write(ManifestWatchTests.manifest(bytes), to: "cart.plugin.yaml")
        }

        /// Runs a host that keeps its releases.
        func host(
            _ policy: PluginPolicy, strategy: ReloadStrategy = .immediate, manifest: ManifestSource = .beside,
            _ body: (Plugin, inout RecordedEvents) async throws -> Void
        ) async throws {
            let store = try ReleaseStore(folder: releases)
            try await withPluginHost { host in
                var events = RecordedEvents(of: host)
                let plugin = try await host.load(
                    .file(file), under: policy, manifest: manifest,
                    reload: ReloadPolicy(strategy: strategy, store: store))
                try await body(plugin, &events)
            }
        }
    }

    private func withStored(_ body: (Stored) async throws -> Void) async throws {
        try await body(Stored(folder: try TemporaryFolder()))
    }

    /// What the source asks for by now comes after the version that was promoted before the host was started.
    private func expectNewVersion(
        _ bytes: Int, after before: Int, of stored: Stored, _ place: SourceLocation = #_sourceLocation
    ) async throws {
        try stored.put(bytes)
        try await stored.host(Self.wide, strategy: .manual) { plugin, events in
            try await expectRoom(Int64(before), of: plugin, place)
            _ = await events.seen("cart") { if case .staged = $0 { true } else { false } }
            try await plugin.releases.promote()
            try await expectRoom(Int64(bytes), of: plugin, place)
        }
    }

    private func expectRoom(_ bytes: Int64, of plugin: Plugin, _ place: SourceLocation = #_sourceLocation) async throws
    {
        let room = try await PolicyLoadTests.room(plugin)
        #expect(room == bytes, sourceLocation: place)
    }
}
