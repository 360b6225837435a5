import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing

@Suite("Plugins of a folder", .timeLimit(.minutes(2)))
struct PluginCollectionTests {
    @Test("All of both forms are loaded, and one that cannot be keeps no other from it")
    func loading() async throws {
        try await withTree { tree in
            try tree.put(1, at: "cart.wasm")
            try tree.put(2, at: "search/1.9/plugin.wasm")
            try tree.put(3, at: "search/1.10/plugin.wasm")
            try tree.put(Data("no module".utf8), at: "bad.wasm")
            try await withPluginHost { host in
                var events = RecordedEvents(of: host)
                let plugins = try await load(tree, on: host)
                #expect(plugins.names == ["cart", "search"])
                #expect(try await plugins["cart"]?.answer() == 1)
                #expect(try await plugins["search"]?.answer() == 3)
                #expect(plugins["bad"] == nil)
                #expect(plugins.refusals.mapValues(\.code) == ["bad": .invalidModule])
                #expect(await events.refused("bad")?.plugin == "bad")
                // It is tried again when it changes.
                try tree.put(4, at: "bad.wasm")
                await events.served("bad")
                while plugins["bad"] == nil { await Task.yield() }
                #expect(try await plugins["bad"]?.answer() == 4)
                #expect(plugins.refusals.isEmpty)
            }
        }
    }

    @Test("What comes is loaded, what changes is reloaded, and a greater version takes over")
    func following() async throws {
        try await withTree { tree in
            try tree.put(1, at: "cart.wasm")
            try await withPluginHost { host in
                var events = RecordedEvents(of: host)
                let plugins = try await load(tree, on: host)
                try tree.put(2, at: "search/1/plugin.wasm")
                await events.served("search")
                while plugins["search"] == nil { await Task.yield() }
                let (cart, search) = (try #require(plugins["cart"]), try #require(plugins["search"]))
                try tree.put(3, at: "cart.wasm")
                await events.served("cart")
                #expect(try await cart.answer() == 3)
                try tree.put(4, at: "search/2/plugin.wasm")
                await events.served("search")
                #expect(try await search.answer() == 4)
                #expect(try await cart.answer() == 3)
                // A version that is refused leaves what runs in place.
                try tree.put(Data("no module".utf8), at: "search/3/plugin.wasm")
                #expect(await events.refused("search")?.code == .invalidModule)
                #expect(try await search.answer() == 4)
                while plugins.refusals["search"] == nil { await Task.yield() }
                try tree.put(5, at: "search/3/plugin.wasm")
                await events.served("search")
                #expect(try await search.answer() == 5)
                #expect(plugins["search"] === search)
            }
        }
    }

    @Test("Where the greatest version is removed, the one before is gone back to without compiling it")
    func olderVersion() async throws {
        try await withTree { tree in
            try tree.put(1, at: "search/1/plugin.wasm")
            try await withPluginHost { host in
                let plugins = try await load(tree, on: host)
                let search = try #require(plugins["search"])
                var events = RecordedEvents(of: host)
                try tree.put(2, at: "search/2/plugin.wasm")
                await events.served("search")
                #expect(try await search.answer() == 2)
                try tree.remove("search/2")
                while let event = await events.first(where: { $0.plugin == "search" }) {
                    switch event.kind {
                    case .compiling, .compiled, .step(.compile, _): Issue.record("\(event)")
                    case .reloaded(previous: 2): break
                    default: continue
                    }
                    break
                }
                #expect(try await search.answer() == 1)
                #expect(await search.releases.list().map(\.state) == [.kept, .serving])
            }
        }
    }

    @Test("A plugin that is removed goes on, or is unloaded and loaded anew when it is back", arguments: [false, true])
    func removal(isUnloaded: Bool) async throws {
        try await withTwo(removed: isUnloaded ? .isUnloaded : .goesOn) { tree, plugins, events in
            let cart = try #require(plugins["cart"])
            try tree.remove("cart.wasm")
            let event = await events.seen("cart") { if case .removalSeen = $0 { true } else { false } }
            #expect(event?.version == 1)
            if isUnloaded {
                _ = await events.seen("cart") { if case .unloaded = $0 { true } else { false } }
                #expect(plugins.names == ["search"])
                #expect(plugins["cart"] == nil && cart.currentVersion == nil)
            } else {
                #expect(plugins.names == ["cart", "search"])
                #expect(try await cart.answer() == 1)
            }
            try tree.put(3, at: "cart.wasm")
            await events.served("cart")
            while plugins["cart"] == nil { await Task.yield() }
            #expect(try await plugins["cart"]?.answer() == 3)
            #expect((plugins["cart"] === cart) == !isUnloaded)
        }
    }

    @Test(
        "A folder that vanishes changes nothing, and what is other when it is back is reloaded",
        arguments: [false, true])
    func vanishing(isUnloaded: Bool) async throws {
        try await withTwo(removed: isUnloaded ? .isUnloaded : .goesOn) { tree, plugins, events in
            let away = Tree(place: tree.place, name: "away")
            try tree.place.move(tree.name, to: away.name)
            let event = await events.first { if case .folderUnreadable = $0.kind { true } else { false } }
            guard case .folderUnreadable(let error)? = event?.kind else {
                Issue.record("no event")
                return
            }
            #expect(error.code == .configuration)
            #expect(try await plugins["cart"]?.answer() == 1)
            try away.put(3, at: "cart.wasm")
            try tree.place.move(away.name, to: tree.name)
            await events.served("cart")
            #expect(try await plugins["cart"]?.answer() == 3)
            #expect(try await plugins["search"]?.answer() == 2)
            #expect(plugins["search"]?.currentVersion?.number == 1)
        }
    }

    @Test("A manifest that is written anew is a change of its plugin")
    func manifest() async throws {
        try await withTree { tree in
            try tree.write("cart/1/plugin.yaml", content: ManifestWatchTests.manifest(2_000))
            try tree.write("cart/1/plugin.wasm", content: "")
            try tree.overwrite("cart/1/plugin.wasm", with: Data(try binary(PolicyLoadTests.module)))
            try await withPluginHost { host in
                let plugins = try await host.loadPlugins(in: tree.folder, debounce: .milliseconds(10)) { found in
                    try await host.load(found.source, name: found.name, under: ManifestWatchTests.policy)
                }
                var events = RecordedEvents(of: host)
                let cart = try #require(plugins["cart"])
                #expect(try await PolicyLoadTests.room(cart) == 2_000)
                try tree.write("cart/1/plugin.yaml", content: ManifestWatchTests.manifest(1_000))
                await events.served("cart")
                #expect(try await PolicyLoadTests.room(cart) == 1_000)
                // The next version has one of its own.
                try tree.write("cart/2/plugin.yaml", content: ManifestWatchTests.manifest(500))
                try tree.put(Data(try binary(PolicyLoadTests.module)), at: "cart/2/plugin.wasm")
                await events.served("cart")
                #expect(try await PolicyLoadTests.room(cart) == 500)
            }
        }
    }

    @Test("A pinned digest holds for later files, too")
    func pinned() async throws {
        try await withTree { tree in
            try tree.put(1, at: "cart/1/plugin.wasm")
            let digest = try ModuleBytes(.bytes(Array(answerModule(1))), most: 1_000).digest
            try await withPluginHost { host in
                let plugins = try await host.loadPlugins(in: tree.folder, debounce: .milliseconds(10)) { found in
                    try await host.load(found.source.pinned(sha256: digest), name: found.name)
                }
                var events = RecordedEvents(of: host)
                try tree.put(2, at: "cart/2/plugin.wasm")
                #expect(await events.refused("cart")?.code == .digestMismatch)
                #expect(try await plugins["cart"]?.answer() == 1)
            }
        }
    }

    @Test("One that is left out is asked about again when it changes, and what its loading throws refuses it only")
    func leftOut() async throws {
        struct Unknown: Error {}
        try await withTree { tree in
            try tree.put(1, at: "cart.wasm")
            try tree.put(1, at: "search/1/plugin.wasm")
            try tree.put(1, at: "mail.wasm")
            try await withPluginHost { host in
                var events = RecordedEvents(of: host)
                let plugins = try await host.loadPlugins(in: tree.folder, debounce: .milliseconds(10)) { found in
                    if found.name == "mail" { throw Unknown() }
                    return found.version == "1" ? nil : try await host.load(found.source, name: found.name)
                }
                #expect(plugins.names == ["cart"])
                #expect(plugins.refusals.keys.sorted() == ["mail"])
                try tree.put(2, at: "search/2/plugin.wasm")
                await events.served("search")
                while plugins["search"] == nil { await Task.yield() }
                #expect(plugins.names == ["cart", "search"])
            }
        }
    }

    @Test("A folder that is not there is refused, and one that is let go is not followed")
    func ending() async throws {
        try await withTree { tree in
            try await withPluginHost { host in
                let missing = await #expect(throws: PluginError.self) {
                    try await host.loadPlugins(in: PluginFolder("\(tree.root)/gone")) { try await host.load($0.source) }
                }
                #expect(missing?.code == .configuration)
                try tree.put(1, at: "cart.wasm")
                let plugins = try await load(tree, on: host)
                let cart = try #require(plugins["cart"])
                await plugins.unload()
                #expect(plugins.names.isEmpty && cart.currentVersion == nil)
                #expect(host.instanceCount == 0)
            }
        }
    }

    /// Loads a folder with `cart`, which answers 1, and `search`, which answers 2.
    private func withTwo(
        removed: RemovedPlugin, _ body: (Tree, PluginCollection<Plugin>, inout RecordedEvents) async throws -> Void
    ) async throws {
        try await withTree { tree in
            try tree.put(1, at: "cart.wasm")
            try tree.put(2, at: "search/1/plugin.wasm")
            try await withPluginHost { host in
                let plugins = try await load(tree, on: host, removed: removed)
                var events = RecordedEvents(of: host)
                try await body(tree, plugins, &events)
            }
        }
    }

    private func load(
        _ tree: Tree, on host: PluginHost, removed: RemovedPlugin = .goesOn
    ) async throws -> PluginCollection<Plugin> {
        try await host.loadPlugins(in: tree.folder, removed: removed, debounce: .milliseconds(10)) { found in
            try await host.load(found.source, name: found.name)
        }
    }
}
