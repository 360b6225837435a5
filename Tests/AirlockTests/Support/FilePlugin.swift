import Airlock
import AirlockTesting
import Foundation
import TestSupport

/// A plugin that was loaded from a file in a folder of its own, with what has happened since.
struct FilePlugin: ~Copyable {
    let tree: Tree
    let host: PluginHost
    let plugin: Plugin
    var events: RecordedEvents

    var file: URL { URL(filePath: "\(tree.root)/cart.wasm") }

    /// Renames a module that answers with this number over the file.
    func put(_ value: Int) throws { try tree.put(value, at: "cart.wasm") }

    /// Waits until another version serves.
    @discardableResult
    mutating func reloaded() async -> PluginEvent? {
        await events.seen("cart") { if case .reloaded = $0 { true } else { false } }
    }
}

/// Runs `body` with the plugin `cart`, whose file answers 1 and is watched unless it is said that it is not yet.
func withFilePlugin(
    isWatched: Bool = true, instances: Int = 100, _ body: (inout FilePlugin) async throws -> Void
) async throws {
    let configuration = PluginHostConfiguration(workers: 1, instances: instances, compilation: .inProcess)
    try await withTree { tree in
        try tree.put(1, at: "cart.wasm")
        try await withPluginHost(configuration) { host in
            let plugin = try await host.load(.file("\(tree.root)/cart.wasm"))
            var cart = FilePlugin(tree: tree, host: host, plugin: plugin, events: RecordedEvents(of: host))
            if isWatched { try await plugin.watch() }
            try await body(&cart)
        }
    }
}
