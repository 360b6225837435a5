import Airlock
import AirlockTesting
import Foundation
import TestSupport
import Testing

@Suite("Storms of changes", .timeLimit(.minutes(2)))
struct ReloadStormTests {
    @Test("Two plugins do not wait for one another, and of a burst of versions the newest is compiled only")
    func burst() async throws {
        try await withTree { tree in
            let gate = Gate()
            for name in ["slow", "quick"] { try tree.put(1, at: "\(name)/1/plugin.wasm") }
            try await withPluginHost { host in
                let plugins = try await host.loadPlugins(in: tree.folder, debounce: .milliseconds(10)) { found in
                    try await host.loadSuspendable(
                        found.source, name: found.name, granting: [WaitingAtGate(gate: gate)],
                        limits: PluginLimits(deadline: .seconds(600)))
                }
                let (slow, quick) = (try #require(plugins["slow"]), try #require(plugins["quick"]))
                var events = RecordedEvents(of: host)
                try tree.put(Data(try binary(waitingStart(2))), at: "slow/2/plugin.wasm")
                await gate.arrivals(1)
                // While it starts, it gets many versions more, and the other one is reloaded. What was written before that is known then.
                for version in 3...30 { try tree.put(version, at: "slow/\(version)/plugin.wasm") }
                try tree.put(2, at: "quick/2/plugin.wasm")
                await events.served("quick")
                #expect(try await quick.answer() == 2)
                #expect(try await slow.answer() == 1)
                gate.open()
                await events.served("slow")
                await events.served("slow")
                #expect(try await slow.answer() == 30)
                #expect(await slow.releases.list().map(\.number) == [3, 2, 1])
            }
        }
    }

    @Test("Many writes of a watched file are few reloads, and what was written last serves", arguments: [false, true])
    func writes(isRenamed: Bool) async throws {
        try await withTree { tree in
            try tree.put(0, at: "cart.wasm")
            let modules = try (1...200).map(answerModule)
            try await withPluginHost { host in
                let cart = try await host.load(.file("\(tree.root)/cart.wasm"))
                try await cart.watch()
                try await expectFew(of: modules, cart, tree, isRenamed)
            }
        }
    }

    @Test(
        "Many writes of a file in a followed folder are few reloads, and what was written last serves",
        arguments: [false, true])
    func writesInFolder(isRenamed: Bool) async throws {
        try await withTree { tree in
            try tree.put(0, at: "cart.wasm")
            let modules = try (1...200).map(answerModule)
            try await withPluginHost { host in
                let plugins = try await host.loadPlugins(in: tree.folder) { found in
                    try await host.load(found.source, name: found.name)
                }
                try await expectFew(of: modules, try #require(plugins["cart"]), tree, isRenamed)
            }
        }
    }

    private func expectFew(of modules: [Data], _ plugin: Plugin, _ tree: Tree, _ isRenamed: Bool) async throws {
        for module in modules {
            if isRenamed {
                try tree.put(module, at: "cart.wasm")
            } else {
                try tree.overwrite("cart.wasm", with: module)
            }
        }
        while try await plugin.answer() != modules.count { await Task.yield() }
        let made = try #require(plugin.currentVersion).number - 1
        #expect(made <= modules.count / 2, "\(made) versions of \(modules.count) writes")
    }
}
